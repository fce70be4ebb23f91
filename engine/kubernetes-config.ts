/**
 * Kubernetes configuration of a step with every value resolved: `Launch.kubernetes`, which the pod builder reads.
 *
 * The shape is that of the platform document (kfp-ir.md 4.2) with plain names only:
 * - `secretAsVolume[]`, `secretAsEnv[]`, `imagePullSecret[]` have `secretName`; `configMapAs*[]` have `configMapName`;
 *   `pvcMount[]` has `pvcName`. An entry whose name resolved to nothing is left out.
 * - `nodeSelector` is `{ labels }`.
 * - `tolerations[]` are plain tolerations; what came as one JSON value is spread into the list.
 * - `nodeAffinity[]` holds terms (`matchExpressions`, `matchFields`, `weight`) and `{ nodeAffinityJson: <NodeAffinity> }`.
 * - everything else is as the author wrote it, with texts in it substituted; integers may be numbers or text.
 */
import { isJsonObject, type JsonObject, type JsonValue } from '../api/json.ts'
import type { KubernetesExecutorConfig, PlatformParameter, PvcMount } from '../api/platform-spec.ts'
import { describe, parseJson } from './convert-value.ts'
import { TaskError } from './task-error.ts'

type Mutable = Record<string, JsonValue>
/** Gives the value of a wire; null when nothing arrives. */
export type ResolvePlatform = (spec: PlatformParameter) => JsonValue

const NAMED_LISTS = {
  secretAsVolume: 'secretName',
  secretAsEnv: 'secretName',
  configMapAsVolume: 'configMapName',
  configMapAsEnv: 'configMapName',
  imagePullSecret: 'secretName',
} as const
const AS_WRITTEN = [
  'podAffinity',
  'podMetadata',
  'imagePullPolicy',
  'fieldPathAsEnv',
  'activeDeadlineSeconds',
  'genericEphemeralVolume',
  'emptyDirMounts',
  'enabledSharedMemory',
  'securityContext',
  'initContainers',
  'pool',
] as const

/** @throws TaskError when a wire can't be followed */
export function resolveKubernetes(config: KubernetesExecutorConfig, resolve: ResolvePlatform): JsonObject {
  const result: Mutable = {}
  for (const field of AS_WRITTEN) if (config[field] !== undefined) result[field] = config[field] as unknown as JsonValue
  for (const [field, nameField] of Object.entries(NAMED_LISTS)) {
    const entries = config[field as keyof typeof NAMED_LISTS] as readonly Entry[] | undefined
    addList(
      result,
      field,
      (entries ?? []).flatMap((entry) => namedEntry(entry, nameField, resolve)),
    )
  }
  addList(
    result,
    'pvcMount',
    (config.pvcMount ?? []).flatMap((entry) => claimEntry(entry, resolve)),
  )
  addList(
    result,
    'tolerations',
    (config.tolerations ?? []).flatMap((entry) => tolerations(entry as Entry, resolve)),
  )
  addList(
    result,
    'nodeAffinity',
    (config.nodeAffinity ?? []).flatMap((entry) => affinities(entry as Entry, resolve)),
  )
  const labels = nodeLabels(config, resolve)
  if (labels) result['nodeSelector'] = { labels }
  return result
}

type Entry = Readonly<Record<string, JsonValue | PlatformParameter | undefined>>

function addList(result: Mutable, field: string, entries: readonly JsonValue[]): void {
  if (entries.length > 0) result[field] = entries
}

function namedEntry(entry: Entry, nameField: string, resolve: ResolvePlatform): JsonObject[] {
  const { [nameField]: plain, [`${nameField}Parameter`]: wire, ...rest } = entry
  const name = nameFrom(nameField, wire === undefined ? (plain as JsonValue) : resolve(wire as PlatformParameter))
  return name === undefined ? [] : [{ [nameField]: name, ...(rest as JsonObject) }]
}

function claimEntry(entry: PvcMount, resolve: ResolvePlatform): JsonObject[] {
  const { pvcNameParameter, taskOutputParameter, constant, componentInputParameter, ...rest } = entry
  const wire: PlatformParameter =
    pvcNameParameter ??
    (taskOutputParameter
      ? { taskOutputParameter }
      : componentInputParameter !== undefined
        ? { componentInputParameter }
        : { runtimeValue: { constant: constant ?? null } })
  const name = nameFrom('pvcName', resolve(wire))
  return name === undefined ? [] : [{ pvcName: name, ...rest }]
}

function tolerations(entry: Entry, resolve: ResolvePlatform): JsonObject[] {
  if (entry['tolerationJson'] === undefined) return [entry as JsonObject]
  const value = jsonFrom('tolerationJson', resolve(entry['tolerationJson'] as PlatformParameter))
  const list: readonly JsonValue[] = Array.isArray(value) ? value : [value]
  return list.filter(isJsonObject).filter((one) => Object.keys(one).length > 0)
}

function affinities(entry: Entry, resolve: ResolvePlatform): JsonObject[] {
  if (entry['nodeAffinityJson'] === undefined) return [entry as JsonObject]
  const value = jsonFrom('nodeAffinityJson', resolve(entry['nodeAffinityJson'] as PlatformParameter))
  return isJsonObject(value) && Object.keys(value).length > 0 ? [{ nodeAffinityJson: value }] : []
}

function nodeLabels({ nodeSelector }: KubernetesExecutorConfig, resolve: ResolvePlatform): JsonObject | undefined {
  if (!nodeSelector) return undefined
  const { nodeSelectorJson, labels = {} } = nodeSelector
  const value = nodeSelectorJson ? jsonFrom('nodeSelectorJson', resolve(nodeSelectorJson)) : labels
  return isJsonObject(value) && Object.keys(value).length > 0 ? value : undefined
}

/** undefined for null and '': whoever gives an optional name nothing wants the setting left out. */
function nameFrom(field: string, value: JsonValue | undefined): string | undefined {
  if (value === undefined || value === null || value === '') return undefined
  if (typeof value === 'string') return value
  throw new TaskError('wrong-type', `the Kubernetes setting ${field} takes a name and got ${describe(value)}`)
}

/** A list or an object, or the text of one: what a loop hands on is text. null stays. */
function jsonFrom(field: string, value: JsonValue): JsonValue {
  if (value === null || value === '') return null
  const json = typeof value === 'string' ? parseJson(value) : value
  if (typeof json === 'object') return json
  throw new TaskError('wrong-type', `the Kubernetes setting ${field} takes a JSON object and got ${describe(value)}`)
}
