/** Components that hand their settings on to pods of their own: a setting that they do not list would be lost without a word. */
import type { Issue } from '../../api/issue.ts'
import type { TaskConfigField } from '../../api/pipeline-spec.ts'
import type { TaskNode } from '../../dsl/graph.ts'
import { makeIssue } from '../../dsl/scope.ts'

/** Platform settings by the field that must be listed for them. */
const KUBERNETES_FIELDS: Readonly<Record<string, TaskConfigField>> = {
  tolerations: 'KUBERNETES_TOLERATIONS',
  nodeSelector: 'KUBERNETES_NODE_SELECTOR',
  nodeAffinity: 'KUBERNETES_AFFINITY',
  podAffinity: 'KUBERNETES_AFFINITY',
  pvcMount: 'KUBERNETES_VOLUMES',
  secretAsVolume: 'KUBERNETES_VOLUMES',
  configMapAsVolume: 'KUBERNETES_VOLUMES',
}

export function checkPassthroughs({ component, settings, key, site }: TaskNode): Issue[] {
  const listed = new Set(component.taskConfigPassthroughs?.map(({ field }) => field))
  if (listed.size === 0) return []
  const { cpuLimit, cpuRequest, memoryLimit, memoryRequest, acceleratorType, acceleratorCount, env } = settings
  const hasResources = [cpuLimit, cpuRequest, memoryLimit, memoryRequest, acceleratorType, acceleratorCount].some(
    Boolean,
  )
  const used = new Set<TaskConfigField>([
    ...(hasResources ? ['RESOURCES' as const] : []),
    ...(env ? ['ENV' as const] : []),
    ...(settings.kubernetes ?? []).flatMap(({ field }) => KUBERNETES_FIELDS[field] ?? []),
  ])
  return [...used].flatMap((field) => {
    if (listed.has(field)) return []
    const message = `task "${key}" sets ${field}, which component "${component.name}" does not hand on`
    return [makeIssue({ code: 'not-passed-through', message, hint: `it hands on: ${[...listed].join(', ')}`, site })]
  })
}
