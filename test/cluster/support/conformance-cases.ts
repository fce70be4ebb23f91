/** What each corpus file needs to run on the test cluster: arguments, things that must exist, and why some can't run. */
import { chmod, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { JsonValue } from '../../../api/json.ts'
import type { KubeObject } from '../../../client/kube/resources.ts'
import { kube, kubectl, makeVolume, type Place, SECRETS, VOLUMES } from './cluster.ts'

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
  'container_io.yaml': { text: 't' },
  'container_with_artifact_output.yaml': { num_epochs: 1 },
  'container_with_concat_placeholder.yaml': { text1: 't' },
  'containerized_python_component.yaml': { message1: 'a', message2: 'b' },
  'pipeline_with_condition_dynamic_task_output_custom_training_job.yaml': { project: 'p', location: 'l' },
  'pipeline_with_dynamic_task_output_custom_training_job.yaml': { project: 'p', location: 'l' },
  'sequential_v2.yaml': { url: 'gs://bucket/object' },
}

/** What a case must come to. */
export type Expectation =
  | { readonly phase: 'Succeeded' }
  /** `cause` of the failed step, or the run's `reason` when none was started. */
  | { readonly phase: 'Failed'; readonly because?: string | undefined }
  | { readonly skipped: string }

/** Reasons of a machine, not of kfp-ts. */
const NOT_HERE: Readonly<Record<string, string>> = {
  'long-running.yaml': 'sleeps 600 s',
  'pipeline_with_string_machine_fields_pipeline_input.yaml': 'asks for more CPU than the node has',
  'pipeline_with_string_machine_fields_task_output.yaml': 'asks for more CPU than the node has',
}
/** Said to be out of reach of a laptop, but not of a cluster (with a node that claims to have GPUs, with volumes to bind). */
const RUNS_HERE = new Set([
  'pvc_mount.yaml',
  'critical/pipeline_with_importer_workspace.yaml',
  'critical/pipeline_with_pod_metadata.yaml',
  'critical/pipeline_with_secret_as_env.yaml',
  'pipeline_with_secret_as_volume.yaml',
  'pipeline_with_volume.yaml',
  'pipeline_with_volume_no_cache.yaml',
  'parallel_and_nested/parallel_for_mount_pvc.yaml',
  'gpu-scheduling/nvidia_gpu_scheduling_check.yaml',
])

const NO_PROGRAM = 'configuration'
const NO_IMAGE = 'image'
/** Asks for an artifact or a final status as the pipeline's own input, which nobody can give. */
const NO_INPUT = 'InvalidPipeline'
/** Fail wherever they run, by the text of their own steps or for what is nowhere: the failure says so. */
const FAILS_BY_ITSELF: Readonly<Record<string, string>> = {
  // Takes an unset variable for an empty one.
  'create_pod_metadata_complex.yaml': 'application',
  // Calls set_path, which the kfp release it installs lacks.
  'critical/pipeline_with_artifact_custom_path.yaml': 'application',
  // Uses dsl.EmbeddedInput, which the kfp release it installs lacks.
  'essential/embedded_artifact.yaml': 'application',
  'container_io.yaml': NO_PROGRAM,
  'container_with_concat_placeholder.yaml': NO_PROGRAM,
  'container_with_if_placeholder.yaml': NO_PROGRAM,
  'container_with_placeholder_in_fstring.yaml': NO_PROGRAM,
  'container_with_artifact_output.yaml': NO_IMAGE,
  'containerized_python_component.yaml': NO_IMAGE,
  'sequential_v2.yaml': NO_IMAGE,
  'two_step_pipeline.yaml': NO_IMAGE,
  'xgboost_sample_pipeline.yaml': NO_IMAGE,
  'pipeline_with_condition_dynamic_task_output_custom_training_job.yaml': NO_IMAGE,
  'pipeline_with_dynamic_task_output_custom_training_job.yaml': NO_IMAGE,
  'pipeline_with_importer_and_gcpc_types.yaml': NO_IMAGE,
  'component_with_metadata_fields.yaml': NO_INPUT,
  'component_with_task_final_status_GH-12033.yaml': NO_INPUT,
  'input_artifact.yaml': NO_INPUT,
  'pipeline_with_metadata_fields.yaml': NO_INPUT,
  'pipeline_with_various_io_types.yaml': NO_INPUT,
}

export function argumentsOf(path: string): Record<string, JsonValue> {
  return ARGUMENTS[path] ?? {}
}

/** What the case must come to here, by our lists, then by the corpus' own. */
export function expectationOf(path: string, runnable: string): Expectation {
  const reason = NOT_HERE[path]
  if (reason) return { skipped: reason }
  if (FAILS_BY_ITSELF[path]) return { phase: 'Failed', because: FAILS_BY_ITSELF[path] }
  if (RUNS_HERE.has(path)) return { phase: 'Succeeded' }
  if (runnable.startsWith('no')) return { skipped: runnable.replace(/^no: */, '') }
  return { phase: runnable.startsWith('yes-expect-FAILED') ? 'Failed' : 'Succeeded' }
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
    await kube.create(SECRETS, place.namespace, secret)
  }
  for (let index = 0; index < CLAIMS_OF_CASES; index++) await offerVolume(place, index)
  offerGpus()
}

/** Claims of the class `standard` that cases ask for, all at once. */
const CLAIMS_OF_CASES = 6
const volumeName = ({ namespace }: Place, index: number): string => `${namespace}-standard-${index}`

/** An administrator's volume of the class that the cases name; whichever claim comes first takes it. */
async function offerVolume(place: Place, index: number): Promise<void> {
  const path = join(place.store, `standard-${index}`)
  await mkdir(path)
  await chmod(path, 0o777)
  await kube.create(VOLUMES, undefined, {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name: volumeName(place, index) },
    spec: {
      capacity: { storage: '5Gi' },
      accessModes: ['ReadWriteOnce', 'ReadWriteMany'],
      storageClassName: 'standard',
      hostPath: { path },
      persistentVolumeReclaimPolicy: 'Retain',
    },
  } as KubeObject)
}

/** To the scheduler the node then has GPUs; no step of these cases looks for one. */
function offerGpus(): void {
  const [node = ''] = kubectl('get', 'nodes', '-o', 'jsonpath={.items[*].metadata.name}').split(' ')
  const capacity = [{ op: 'add', path: '/status/capacity/nvidia.com~1gpu', value: '4' }]
  kubectl('patch', 'node', node, '--subresource=status', '--type=json', '-p', JSON.stringify(capacity))
}

export async function removeCases(place: Place): Promise<void> {
  for (let index = 0; index < CLAIMS_OF_CASES; index++) {
    await kube.delete(VOLUMES, undefined, volumeName(place, index)).catch(() => {})
  }
}
