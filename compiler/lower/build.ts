/** The document under construction: components, executors and platform settings with their unique names. */
import type { Issue } from '../../api/issue.ts'
import type { ComponentSpec, ExecutorSpec } from '../../api/pipeline-spec.ts'
import type { KubernetesExecutorConfig } from '../../api/platform-spec.ts'
import type { TypeScriptImplementation } from '../../dsl/graph.ts'
import { uniqueName } from '../../dsl/names.ts'

/** How the code of a TypeScript component travels. */
export interface CodeExecutor {
  readonly image: string
  readonly command: readonly string[]
  readonly args: readonly string[]
}

export interface Build {
  readonly components: Record<string, ComponentSpec>
  readonly executors: Record<string, ExecutorSpec>
  readonly platform: Record<string, KubernetesExecutorConfig>
  readonly issues: Issue[]
  readonly code: ReadonlyMap<TypeScriptImplementation, CodeExecutor>
}

export function emptyBuild(code: Build['code'], issues: Issue[]): Build {
  return { components: {}, executors: {}, platform: {}, issues, code }
}

export function addComponent(build: Build, key: string, spec: ComponentSpec): string {
  const name = uniqueName(key, (taken) => Object.hasOwn(build.components, taken))
  build.components[name] = spec
  return name
}

export function addExecutor(
  build: Build,
  label: string,
  spec: ExecutorSpec,
  platform?: KubernetesExecutorConfig,
): string {
  const name = uniqueName(label, (taken) => Object.hasOwn(build.executors, taken))
  build.executors[name] = spec
  if (platform && Object.keys(platform).length > 0) build.platform[name] = platform
  return name
}

/** A pipeline whose parts are to become parts of another: its root, and what the root refers to. */
export interface Part {
  readonly root: ComponentSpec
  readonly components: Readonly<Record<string, ComponentSpec>>
  readonly executors: Readonly<Record<string, ExecutorSpec>>
  readonly platform: Readonly<Record<string, KubernetesExecutorConfig>>
}

/** Takes in the parts of a nested pipeline under names that are free; gives its root with the new names. */
export function mergePart(build: Build, part: Part): ComponentSpec {
  const labels = new Map<string, string>()
  for (const [label, spec] of Object.entries(part.executors)) {
    labels.set(label, addExecutor(build, label, spec, part.platform[label]))
  }
  const names = new Map<string, string>()
  const taken = new Set(Object.keys(build.components))
  for (const name of Object.keys(part.components)) {
    const fresh = uniqueName(
      name,
      (candidate) => taken.has(candidate) || (candidate !== name && Object.hasOwn(part.components, candidate)),
    )
    taken.add(fresh)
    names.set(name, fresh)
  }
  const renamed = (spec: ComponentSpec): ComponentSpec => renameRefs(spec, names, labels)
  for (const [name, spec] of Object.entries(part.components)) build.components[names.get(name)!] = renamed(spec)
  return renamed(part.root)
}

function renameRefs(
  spec: ComponentSpec,
  names: ReadonlyMap<string, string>,
  labels: ReadonlyMap<string, string>,
): ComponentSpec {
  if (!spec.dag) {
    const { executorLabel } = spec
    return executorLabel === undefined ? spec : { ...spec, executorLabel: labels.get(executorLabel) ?? executorLabel }
  }
  const tasks = Object.entries(spec.dag.tasks).map(([key, task]) => {
    const name = names.get(task.componentRef.name) ?? task.componentRef.name
    return [key, { ...task, componentRef: { name } }] as const
  })
  return { ...spec, dag: { ...spec.dag, tasks: Object.fromEntries(tasks) } }
}
