/** Settings of a container or pod on tasks that have none: they would be lost without a word. */
import type { Issue } from '../../api/issue.ts'
import type { Implementation, TaskNode, TaskSettings } from '../../dsl/graph.ts'
import { makeIssue } from '../../dsl/scope.ts'

/** Methods of a task by the setting that they make. */
const CONTAINER_SETTINGS = {
  env: 'setEnv',
  image: 'setContainerImage',
  cpuLimit: 'setCpuLimit',
  cpuRequest: 'setCpuRequest',
  memoryLimit: 'setMemoryLimit',
  memoryRequest: 'setMemoryRequest',
  acceleratorType: 'setAcceleratorType',
  acceleratorCount: 'setAcceleratorLimit',
} as const satisfies Partial<Record<keyof TaskSettings, string>>

const WITHOUT_POD: Partial<Record<Implementation['kind'], { readonly what: string; readonly hint: string }>> = {
  pipeline: { what: 'a pipeline', hint: 'set them on the tasks inside that pipeline' },
  document: { what: 'a pipeline', hint: 'set them on the tasks inside that pipeline' },
  importer: { what: 'an importer', hint: 'remove them, or set them on the tasks that use the artifact' },
}

export function checkPodSettings({ component, settings, key, site }: TaskNode): Issue[] {
  const kind = WITHOUT_POD[component.implementation.kind]
  if (!kind) return []
  const methods = Object.entries(CONTAINER_SETTINGS).flatMap(([name, method]) =>
    settings[name as keyof typeof CONTAINER_SETTINGS] ? [method] : [],
  )
  const onPod = settings.kubernetes ?? []
  const used = [...methods, ...(onPod.length > 0 ? ['kubernetes settings'] : [])]
  if (used.length === 0) return []
  const message = `task "${key}" is ${kind.what} and has no pod of its own for ${used.join(', ')}`
  const place = methods.length > 0 ? site : onPod[0]!.site
  return [makeIssue({ code: 'setting-without-pod', message, hint: kind.hint, site: place })]
}
