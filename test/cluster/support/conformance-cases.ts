/** What each corpus file needs to run on the test cluster: arguments, things that must exist, and why some can't run. */
import { chmod, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { JsonValue } from '../../../api/json.ts'
import type { KubeObject } from '../../../client/kube/resources.ts'
import { kube, makeVolume, type Place } from './cluster.ts'

const ARGUMENTS: Readonly<Record<string, Record<string, JsonValue>>> = {
  'arguments_parameters.yaml': { param1: 'hello', param2: 'world' },
  'env-var.yaml': { env_var: 'PATH' },
  'identity.yaml': { value: 'x' },
  'pipeline_with_parallelfor_parallelism.yaml': { loop_parameter: ['a', 'b'] },
  'pipeline_with_parallelfor_pipeline_param.yaml': { loop_parameter: ['a', 'b'], prefix: 'p' },
  'preprocess.yaml': { message: 'm', input_dict_parameter: { A: 1, B: 2 }, input_list_parameter: ['a', 'b', 'c'] },
  'sequential_v1.yaml': { param1: 'a', param2: 'b' },
  'take_nap_compiled.yaml': { naptime_secs: 1 },
  'take_nap_pipeline_root_compiled.yaml': { naptime_secs: 1 },
  'pvc_mount.yaml': { pvc_name: 'extra' },
  'critical/add_numbers.yaml': { a: 5, b: 5 },
  'essential/lightweight_python_functions_pipeline.yaml': { message: 'hi' },
  'local_execution/local_execution_pipeline_with_ignore_upstream_failure.yaml': {
    marker_path: '/kfp-store/marks/marker',
  },
  'local_execution/pipeline_with_caching.yaml': { x: 1 },
}

/** Reasons of a machine, not of kfp-ts. */
const NOT_HERE: Readonly<Record<string, string>> = {
  'long-running.yaml': 'sleeps 600 s',
  'local_execution/local_execution_pipeline_with_k8s_only_methods.yaml': 'asks for a node with a GPU',
  'pipeline_with_string_machine_fields_pipeline_input.yaml': 'asks for a GPU node',
  'pipeline_with_string_machine_fields_task_output.yaml': 'asks for a GPU node',
}
/** Said to be out of reach of a laptop, but not of a cluster. */
const RUNS_HERE = new Set([
  'pvc_mount.yaml',
  'critical/pipeline_with_importer_workspace.yaml',
  'critical/pipeline_with_pod_metadata.yaml',
  'critical/pipeline_with_secret_as_env.yaml',
  'pipeline_with_secret_as_volume.yaml',
])

/** Fail wherever they run, by the text of their own steps. */
const FAILS_BY_ITSELF: Readonly<Record<string, string>> = {
  'create_pod_metadata_complex.yaml': 'takes an unset variable for an empty one',
  'critical/pipeline_with_artifact_custom_path.yaml': 'calls set_path, which the kfp release it installs lacks',
  'essential/embedded_artifact.yaml': 'uses dsl.EmbeddedInput, which the kfp release it installs lacks',
}

export function argumentsOf(path: string): Record<string, JsonValue> {
  return ARGUMENTS[path] ?? {}
}

/** Final phase that the case must reach, or `skipped: why`. */
export function expectedState(path: string, _images: string, runnable: string): string {
  const reason = NOT_HERE[path]
  if (reason) return `skipped: ${reason}`
  if (FAILS_BY_ITSELF[path]) return 'Failed'
  if (RUNS_HERE.has(path)) return 'Succeeded'
  if (runnable.startsWith('no')) return `skipped: ${runnable.replace(/^no: */, '')}`
  return runnable.startsWith('yes-expect-FAILED') ? 'Failed' : 'Succeeded'
}

/** Secrets, claims and folders that some cases expect to exist. */
export async function prepareCases(place: Place): Promise<void> {
  const marks = join(place.store, 'marks')
  await mkdir(marks)
  await chmod(marks, 0o777)
  const extra = join(place.store, 'extra')
  await mkdir(extra)
  await chmod(extra, 0o777)
  await makeVolume(place.namespace, 'extra', extra)
  const secrets = {
    'test-secret-1': { username: 'user1', password: 'psw1' },
    'test-secret-2': { username: 'user1', password: 'psw1' },
    'test-secret-3': { username: 'user1', password: 'psw2' },
  }
  for (const [name, stringData] of Object.entries(secrets)) {
    const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name }, stringData } as KubeObject
    await kube.create({ group: '', version: 'v1', plural: 'secrets' }, place.namespace, secret)
  }
}
