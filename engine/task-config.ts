/** TaskConfig passthrough (kfp-ir.md 4.4): settings that a task hands to its own code, which starts further pods with them. */
import type { JsonObject, JsonValue } from '../api/json.ts'
import type { ComponentSpec, TaskConfigField } from '../api/pipeline-spec.ts'
import { affinityOf } from './affinity.ts'
import type { Launch } from './types.ts'

type Settings = Pick<Launch, 'env' | 'resources' | 'kubernetes'>

/** Fields of `Launch.kubernetes` that each passthrough field covers. */
const COVERED: Readonly<Record<TaskConfigField, readonly string[]>> = {
  RESOURCES: [],
  ENV: ['secretAsEnv', 'configMapAsEnv', 'fieldPathAsEnv'],
  KUBERNETES_AFFINITY: ['nodeAffinity', 'podAffinity'],
  KUBERNETES_TOLERATIONS: ['tolerations'],
  KUBERNETES_NODE_SELECTOR: ['nodeSelector'],
  // Scratch volumes are the pod's own, as in Kubeflow.
  KUBERNETES_VOLUMES: ['pvcMount', 'secretAsVolume', 'configMapAsVolume'],
}

/** @returns the value of the component's TASK_CONFIG input, and what is left for the task's own pod */
export function passTaskConfig(
  component: ComponentSpec,
  settings: Settings,
): { readonly taskConfig?: JsonObject; readonly own: Settings } {
  const fields = component.taskConfigPassthroughs ?? []
  if (fields.length === 0) return { own: settings }
  const taskConfig: Record<string, JsonValue> = {}
  let own = settings
  for (const { field, applyToTask } of fields) {
    Object.assign(taskConfig, toKubernetes(field, settings))
    if (applyToTask !== true) own = without(field, own)
  }
  return { taskConfig, own }
}

function toKubernetes(field: TaskConfigField, { env, resources, kubernetes }: Settings): JsonObject {
  switch (field) {
    case 'RESOURCES':
      return { resources: resourceRequirements(resources) }
    case 'ENV':
      return { env: [...env, ...environmentSources(kubernetes)] }
    case 'KUBERNETES_TOLERATIONS':
      return optional('tolerations', kubernetes['tolerations'])
    case 'KUBERNETES_NODE_SELECTOR':
      return optional('nodeSelector', (kubernetes['nodeSelector'] as JsonObject | undefined)?.['labels'])
    case 'KUBERNETES_AFFINITY':
      return optional('affinity', affinityOf(kubernetes))
    case 'KUBERNETES_VOLUMES':
      return volumes(kubernetes)
  }
}

function without(field: TaskConfigField, { env, resources, kubernetes }: Settings): Settings {
  const kept = Object.entries(kubernetes).filter(([name]) => !COVERED[field].includes(name))
  return {
    env: field === 'ENV' ? [] : env,
    resources: field === 'RESOURCES' ? {} : resources,
    kubernetes: Object.fromEntries(kept),
  }
}

function resourceRequirements({ cpuLimit, memoryLimit, cpuRequest, memoryRequest, accelerator }: Launch['resources']) {
  const quantities = (cpu?: string, memory?: string): Record<string, string> => ({
    ...(cpu === undefined ? {} : { cpu }),
    ...(memory === undefined ? {} : { memory }),
  })
  const limits = quantities(cpuLimit, memoryLimit)
  if (accelerator) limits[accelerator.type] = accelerator.count
  return { limits, requests: quantities(cpuRequest, memoryRequest) }
}

function environmentSources(kubernetes: JsonObject): JsonObject[] {
  const refs = (field: string, nameField: string, keyField: string, source: string) =>
    entries(kubernetes, field).flatMap((entry) =>
      entries(entry, 'keyToEnv').map((pair) => ({
        name: pair['envVar'],
        valueFrom: {
          [source]: { name: entry[nameField], key: pair[keyField], ...optional('optional', entry['optional']) },
        },
      })),
    )
  return [
    ...refs('secretAsEnv', 'secretName', 'secretKey', 'secretKeyRef'),
    ...refs('configMapAsEnv', 'configMapName', 'configMapKey', 'configMapKeyRef'),
    ...entries(kubernetes, 'fieldPathAsEnv').map(({ name, fieldPath }) => ({
      name,
      valueFrom: { fieldRef: { fieldPath } },
    })),
  ]
}

function volumes(kubernetes: JsonObject): JsonObject {
  const sources = [
    ...entries(kubernetes, 'pvcMount').map((entry) => ({
      entry,
      name: String(entry['pvcName']),
      source: { persistentVolumeClaim: { claimName: entry['pvcName'] } },
    })),
    ...entries(kubernetes, 'secretAsVolume').map((entry) => ({
      entry,
      name: String(entry['secretName']),
      source: { secret: { secretName: entry['secretName'], ...optional('optional', entry['optional']) } },
    })),
    ...entries(kubernetes, 'configMapAsVolume').map((entry) => ({
      entry,
      name: String(entry['configMapName']),
      source: { configMap: { name: entry['configMapName'], ...optional('optional', entry['optional']) } },
    })),
  ]
  if (sources.length === 0) return {}
  return {
    volumes: sources.map(({ name, source }) => ({ name, ...source })),
    volumeMounts: sources.map(({ entry, name }) => ({
      name,
      mountPath: entry['mountPath'],
      ...optional('subPath', entry['subPath']),
    })),
  }
}

function entries(holder: JsonObject, field: string): readonly JsonObject[] {
  const value = holder[field]
  return Array.isArray(value) ? (value as readonly JsonObject[]) : []
}

const optional = (name: string, value: JsonValue | undefined): JsonObject =>
  value === undefined ? {} : { [name]: value }
