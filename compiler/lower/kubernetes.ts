/** Kubernetes settings of a task to its entry in the platform document (kfp-ir.md 4.2). */
import type { KubernetesExecutorConfig } from '../../api/platform-spec.ts'
import type { GroupNode, KubernetesSetting, TaskNode } from '../../dsl/graph.ts'
import { ParameterSource } from '../../dsl/kubernetes.ts'
import { parameterSource } from './sources.ts'

/** Undefined when nothing is set. References become input parameter specs, resolved in the task's own dag. */
export function lowerKubernetes(task: TaskNode, group: GroupNode): KubernetesExecutorConfig | undefined {
  const settings = task.settings.kubernetes ?? []
  const config: Record<string, unknown> = { ...task.component.platform }
  for (const setting of settings) apply(config, setting, group)
  return Object.keys(config).length === 0 ? undefined : (config as KubernetesExecutorConfig)
}

function apply(config: Record<string, unknown>, { field, value }: KubernetesSetting, group: GroupNode): void {
  const plain = resolve(value, group)
  const before = config[field]
  if (Array.isArray(plain)) config[field] = [...((before as unknown[] | undefined) ?? []), ...plain]
  else if (isObject(plain)) config[field] = mergeObjects(before, plain)
  else config[field] = plain
}

function mergeObjects(before: unknown, after: Record<string, unknown>): Record<string, unknown> {
  if (!isObject(before)) return after
  const merged: Record<string, unknown> = { ...before }
  for (const [key, value] of Object.entries(after)) {
    merged[key] = isObject(value) && isObject(merged[key]) ? mergeObjects(merged[key], value) : value
  }
  return merged
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function resolve(value: unknown, group: GroupNode): unknown {
  if (value instanceof ParameterSource) return parameterSource(value.ref, group)
  if (Array.isArray(value)) return value.map((item) => resolve(item, group))
  if (typeof value !== 'object' || value === null) return value
  const fields = Object.entries(value).flatMap(([key, field]): [string, unknown][] => {
    if (field === undefined) return []
    if (field instanceof ParameterSource && field.isInline) return Object.entries(parameterSource(field.ref, group))
    return [[key, resolve(field, group)]]
  })
  return Object.fromEntries(fields)
}
