/** Node and pod affinity of a step in Kubernetes' own words, from its resolved configuration (kfp-ir.md 4.2). Pure. */
import { isJsonObject, type JsonObject, type JsonValue } from '../api/json.ts'

/** Terms with a weight are preferences, those without are demands; JSON forms are appended. undefined when there are none. */
export function affinityOf(kubernetes: JsonObject): JsonObject | undefined {
  const pods = objects(kubernetes['podAffinity'])
  const affinity = {
    ...optional('nodeAffinity', nodeAffinity(objects(kubernetes['nodeAffinity']))),
    ...optional('podAffinity', podAffinity(pods.filter(({ anti }) => anti !== true))),
    ...optional('podAntiAffinity', podAffinity(pods.filter(({ anti }) => anti === true))),
  }
  return Object.keys(affinity).length > 0 ? affinity : undefined
}

const REQUIRED = 'requiredDuringSchedulingIgnoredDuringExecution'
const PREFERRED = 'preferredDuringSchedulingIgnoredDuringExecution'

function nodeAffinity(entries: readonly JsonObject[]): JsonObject | undefined {
  const required: JsonValue[] = []
  const preferred: JsonValue[] = []
  for (const { weight, nodeAffinityJson: whole, ...term } of entries) {
    if (isJsonObject(whole)) {
      required.push(...objects(isJsonObject(whole[REQUIRED]) ? whole[REQUIRED]['nodeSelectorTerms'] : undefined))
      preferred.push(...objects(whole[PREFERRED]))
    } else if (Object.keys(term).length === 0) continue
    else if (Number(weight) > 0) preferred.push({ weight: Number(weight), preference: term })
    else required.push(term)
  }
  return rules(required.length > 0 ? { nodeSelectorTerms: required } : undefined, preferred)
}

function podAffinity(entries: readonly JsonObject[]): JsonObject | undefined {
  const required: JsonValue[] = []
  const preferred: JsonValue[] = []
  for (const { weight, topologyKey, namespaces, ...entry } of entries) {
    const term = {
      ...optional('labelSelector', selector(entry['matchPodLabels'], entry['matchPodExpressions'])),
      ...optional('namespaceSelector', selector(entry['matchNamespaceLabels'], entry['matchNamespaceExpressions'])),
      ...optional('namespaces', namespaces),
      ...optional('topologyKey', topologyKey),
    }
    if (Number(weight) > 0) preferred.push({ weight: Number(weight), podAffinityTerm: term })
    else required.push(term)
  }
  return rules(required.length > 0 ? required : undefined, preferred)
}

function rules(required: JsonValue | undefined, preferred: readonly JsonValue[]): JsonObject | undefined {
  const all = {
    ...optional(REQUIRED, required),
    ...optional(PREFERRED, preferred.length > 0 ? preferred : undefined),
  }
  return Object.keys(all).length > 0 ? all : undefined
}

function selector(labels: JsonValue | undefined, expressions: JsonValue | undefined): JsonObject | undefined {
  const all = { ...optional('matchLabels', labels), ...optional('matchExpressions', expressions) }
  return Object.keys(all).length > 0 ? all : undefined
}

const objects = (value: JsonValue | undefined): readonly JsonObject[] =>
  Array.isArray(value) ? value.filter(isJsonObject) : []
const optional = (name: string, value: JsonValue | undefined): JsonObject =>
  value === undefined ? {} : { [name]: value }
