/** Steps without a pod: imports of artifacts, and the images that stand for making and removing volume claims (kfp-ir.md 2.10, 4.3). */
import type { RuntimeArtifact, TaskOutputs } from '../api/executor-io.ts'
import type { JsonObject, JsonValue } from '../api/json.ts'
import type { ImporterSpec } from '../api/pipeline-spec.ts'
import { textOf } from './convert-value.ts'
import { inputScope } from './launch.ts'
import { substitute, substituteDeep } from './placeholders.ts'
import type { TaskPlan } from './program.ts'
import { resolvePlatformParameter } from './resolve-inputs.ts'
import type { ResolvedInputs } from './resolved-inputs.ts'
import type { TaskNode } from './run-state.ts'
import { TaskError } from './task-error.ts'
import { planOf, type RunView } from './tree.ts'
import type { ImportRequest, RunConfig, TaskPath, VolumeRequest } from './types.ts'

/** @throws TaskError when the URI or an input of the metadata is missing */
export function importRequest(view: RunView, path: TaskPath, inputs: ResolvedInputs): ImportRequest {
  const plan = planOf(view, view.state.tasks[path]!)
  const importer = plan.component.leaf!.executor.importer!
  const scope = inputScope(view, path, plan, inputs)
  const [outputName = 'artifact', output] =
    Object.entries(plan.component.spec.outputDefinitions?.artifacts ?? {})[0] ?? []
  const uri = substitute(uriOf(importer, inputs), scope)
  if (uri === '') throw new TaskError('missing-input', 'the importer has no URI')
  return {
    uri,
    type: importer.typeSchema ?? output?.artifactType ?? { schemaTitle: 'system.Artifact', schemaVersion: '0.0.1' },
    metadata: substituteDeep(importer.metadata ?? {}, scope) as JsonObject,
    reimport: importer.reimport === true,
    downloadToWorkspace: importer.downloadToWorkspace === true,
    outputName,
  }
}

/** Nobody knows the content of what has no digest: what is to be imported anew is another artifact each time. */
export function importedOutputs(
  { component }: TaskPlan,
  { runId }: RunConfig,
  path: TaskPath,
  { attempt }: TaskNode,
  outputs: TaskOutputs,
): TaskOutputs {
  if (component.leaf!.executor.importer!.reimport !== true) return outputs
  const importId = `import ${attempt} of ${path} in run ${runId}`
  const artifacts: Record<string, readonly RuntimeArtifact[]> = {}
  for (const [name, list] of Object.entries(outputs.artifacts))
    artifacts[name] = list.map((artifact) => (artifact.digest === undefined ? { ...artifact, importId } : artifact))
  return { ...outputs, artifacts }
}

function uriOf({ artifactUri }: ImporterSpec, { parameters }: ResolvedInputs): string {
  const name = artifactUri.runtimeParameter
  const value =
    name === undefined ? (artifactUri.constant ?? artifactUri.constantValue?.['stringValue']) : parameters[name]
  return value === undefined || value === null ? '' : textOf(value)
}

/** @throws TaskError when a required input is missing */
export function volumeRequest(view: RunView, path: TaskPath, inputs: ResolvedInputs): VolumeRequest {
  const { leaf } = planOf(view, view.state.tasks[path]!).component
  const text = (name: string) => (inputs.parameters[name] === undefined ? undefined : textOf(inputs.parameters[name]!))
  if (leaf!.kind === 'delete-volume') return { operation: 'delete', name: required('pvc_name', text('pvc_name')) }
  if (text('pvc_name') && text('pvc_name_suffix'))
    throw new TaskError('conflicting-inputs', '"pvc_name" and "pvc_name_suffix" are both given: keep one of them')
  const modes: JsonValue | undefined = inputs.parameters['access_modes']
  const all = {
    operation: 'create' as const,
    name: text('pvc_name') || undefined,
    nameSuffix: text('pvc_name_suffix') || undefined,
    accessModes: Array.isArray(modes) ? modes.map((mode: JsonValue) => textOf(mode)) : [],
    size: required('size', text('size')),
    storageClassName: isGiven(view, path, inputs, 'storage_class_name') ? text('storage_class_name') : undefined,
    volumeName: text('volume_name') || undefined,
    annotations: texts(inputs.parameters['annotations'] as JsonObject | undefined),
    dataSource: inputs.parameters['data_source'] as JsonObject | undefined,
  }
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)) as unknown as VolumeRequest
}

/**
 * The stub declares '' as its default class, but without a class the cluster's own is meant; '' that the author wrote is the class
 * of volumes that nobody provisions.
 */
function isGiven(view: RunView, path: TaskPath, inputs: ResolvedInputs, name: string): boolean {
  const wire = planOf(view, view.state.tasks[path]!).spec.inputs?.parameters?.[name]
  return wire !== undefined && resolvePlatformParameter(view, path, wire, inputs) !== null
}

function texts(values: JsonObject | undefined): JsonObject | undefined {
  return values && Object.fromEntries(Object.entries(values).map(([key, value]) => [key, textOf(value ?? null)]))
}

function required(name: string, value: string | undefined): string {
  if (value) return value
  throw new TaskError('missing-input', `the parameter "${name}" is required and was not given`)
}
