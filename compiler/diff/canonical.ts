/** Brings what means the same into one form, so that only differences of meaning are left. */
import type { JsonObject } from '../../api/json.ts'
import type { ComponentSpec, PipelineTaskSpec, TaskInputsSpec } from '../../api/pipeline-spec.ts'
import type { KubernetesExecutorConfig } from '../../api/platform-spec.ts'

/** A task without its component; defaults are left out, as absent means the same. */
export function canonicalTask(task: PipelineTaskSpec, key: string): JsonObject {
  const { taskInfo, dependentTasks, cachingOptions, triggerPolicy, iteratorPolicy, parameterIterator } = task
  const strategy = triggerPolicy?.strategy
  const completed = strategy === 'ALL_UPSTREAM_TASKS_COMPLETED' ? strategy : undefined
  const name = taskInfo?.name
  return compact({
    name: name === key ? undefined : name,
    inputs: task.inputs as JsonObject | undefined,
    waitsFor: upstreamOf(dependentTasks, task.inputs),
    cache: cachingOptions?.enableCache === true ? true : undefined,
    cacheKey: cachingOptions?.cacheKey || undefined,
    condition: triggerPolicy?.condition || undefined,
    strategy: completed,
    parameterIterator: parameterIterator && { ...parameterIterator, items: canonicalItems(parameterIterator.items) },
    artifactIterator: task.artifactIterator,
    parallelismLimit: iteratorPolicy?.parallelismLimit || undefined,
    retryPolicy: task.retryPolicy?.maxRetryCount ? task.retryPolicy : undefined,
  })
}

/** Producers of inputs are waited for anyway, named or not; the order of names means nothing. */
function upstreamOf(named: readonly string[] | undefined, inputs: TaskInputsSpec | undefined): JsonObject | undefined {
  const upstream = new Set(named)
  for (const wire of Object.values(inputs?.parameters ?? {})) {
    const producer = wire.taskOutputParameter?.producerTask ?? wire.taskFinalStatus?.producerTask
    if (producer !== undefined) upstream.add(producer)
  }
  for (const wire of Object.values(inputs?.artifacts ?? {})) {
    if (wire.taskOutputArtifact) upstream.add(wire.taskOutputArtifact.producerTask)
  }
  return upstream.size > 0 ? Object.fromEntries([...upstream].sort().map((key) => [key, true])) : undefined
}

function canonicalItems(items: { readonly raw?: string; readonly inputParameter?: string }): JsonObject {
  if (items.raw === undefined) return { ...items }
  return { raw: JSON.parse(items.raw) }
}

/** Inputs and outputs of a component; `isOptional: false` is the same as nothing. */
export function canonicalInterface(component: ComponentSpec): JsonObject {
  return compact({
    inputs: withoutFalse(component.inputDefinitions as JsonObject | undefined),
    outputs: withoutFalse(component.outputDefinitions as JsonObject | undefined),
    taskConfigPassthroughs: component.taskConfigPassthroughs as unknown as JsonObject | undefined,
  })
}

function withoutFalse(definitions: JsonObject | undefined): JsonObject | undefined {
  if (!definitions) return undefined
  const flags = new Set(['isOptional', 'isArtifactList'])
  return JSON.parse(
    JSON.stringify(definitions, (key, value) => (flags.has(key) && value === false ? undefined : value)),
  )
}

/** Settings without the deprecated fields that say the same as the new ones (parsing fills the new ones). */
export function canonicalSettings(settings: KubernetesExecutorConfig | undefined): JsonObject | undefined {
  if (!settings) return undefined
  const isCovered = (holder: JsonObject, key: string) =>
    (key === 'secretName' && holder['secretNameParameter'] !== undefined) ||
    (key === 'configMapName' && holder['configMapNameParameter'] !== undefined) ||
    (PVC_NAMES.has(key) && holder['pvcNameParameter'] !== undefined)
  const text = JSON.stringify(settings, function (this: JsonObject, key, value) {
    return isCovered(this, key) ? undefined : value
  })
  const result = JSON.parse(text) as JsonObject
  return Object.keys(result).length > 0 ? result : undefined
}

const PVC_NAMES = new Set(['taskOutputParameter', 'constant', 'componentInputParameter'])

function compact(fields: Readonly<Record<string, unknown>>): JsonObject {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as JsonObject
}
