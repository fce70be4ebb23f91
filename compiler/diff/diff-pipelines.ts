/** Says in what two pipelines differ, task by task. Names of components and executors, order and unused parts mean nothing. Pure. */
import type { JsonObject } from '../../api/json.ts'
import type { ComponentSpec, PipelineTaskSpec } from '../../api/pipeline-spec.ts'
import type { PipelineDocument } from '../../api/platform-spec.ts'
import { canonicalInterface, canonicalSettings, canonicalTask } from './canonical.ts'
import { compareValues, type Difference, join, namesOf } from './difference.ts'

/**
 * @param before a checked document, as `parsePipelineDocument` gives it
 * @returns nothing when a run of either does the same; `sdkVersion` alone is no difference
 */
export function diffPipelines(before: PipelineDocument, after: PipelineDocument): Difference[] {
  const comparison = new Comparison(before, after)
  const a = before.spec
  const b = after.spec
  compareValues(a.pipelineInfo, b.pipelineInfo, 'pipelineInfo', comparison.found)
  compareValues(a.defaultPipelineRoot, b.defaultPipelineRoot, 'defaultPipelineRoot', comparison.found)
  comparison.components(a.root, b.root, 'root')
  const settings = (document: PipelineDocument) => document.platform?.platforms.kubernetes?.pipelineConfig
  compareValues(settings(before), settings(after), 'pipelineConfig', comparison.found)
  return comparison.found
}

class Comparison {
  readonly found: Difference[] = []
  readonly #before: PipelineDocument
  readonly #after: PipelineDocument
  /** Pairs of components that were compared: a component used by many tasks is reported at the first. */
  readonly #seen = new Map<ComponentSpec, Set<ComponentSpec>>()

  constructor(before: PipelineDocument, after: PipelineDocument) {
    this.#before = before
    this.#after = after
  }

  components(a: ComponentSpec, b: ComponentSpec, path: string): void {
    const partners = this.#seen.get(a) ?? new Set()
    if (partners.has(b)) return
    this.#seen.set(a, partners.add(b))
    compareValues(canonicalInterface(a), canonicalInterface(b), path, this.found)
    if (a.dag && b.dag) {
      this.#tasks(a.dag.tasks, b.dag.tasks, path)
      compareValues(a.dag.outputs ?? {}, b.dag.outputs ?? {}, join(path, 'outputsFrom'), this.found)
    } else if (a.dag || b.dag) {
      const kind = (component: ComponentSpec) => (component.dag ? 'a graph' : 'a step')
      this.found.push({ kind: 'changed', path, before: kind(a), after: kind(b) })
    } else {
      this.#executors(a.executorLabel, b.executorLabel, path)
    }
  }

  #tasks(
    before: Readonly<Record<string, PipelineTaskSpec>>,
    after: Readonly<Record<string, PipelineTaskSpec>>,
    path: string,
  ): void {
    for (const key of namesOf(before, after)) {
      const a = before[key]
      const b = after[key]
      const place = join(path, key)
      if (!a) this.found.push({ kind: 'added', path: place, after: summary(b!) })
      else if (!b) this.found.push({ kind: 'removed', path: place, before: summary(a) })
      else this.#task(key, a, b, place)
    }
  }

  #task(key: string, a: PipelineTaskSpec, b: PipelineTaskSpec, path: string): void {
    compareValues(canonicalTask(a, key), canonicalTask(b, key), path, this.found)
    const before = this.#before.spec.components?.[a.componentRef.name]
    const after = this.#after.spec.components?.[b.componentRef.name]
    if (before && after) this.components(before, after, join(path, 'component'))
  }

  #executors(a: string | undefined, b: string | undefined, path: string): void {
    const executor = ({ spec, platform }: PipelineDocument, label: string | undefined): JsonObject => ({
      ...(spec.deploymentSpec?.executors?.[label ?? ''] as JsonObject | undefined),
      kubernetes: canonicalSettings(platform?.platforms.kubernetes?.deploymentSpec?.executors?.[label ?? '']),
    })
    compareValues(executor(this.#before, a), executor(this.#after, b), path, this.found)
  }
}

function summary(task: PipelineTaskSpec): JsonObject {
  return { component: task.componentRef.name, ...(task.taskInfo?.name ? { name: task.taskInfo.name } : {}) }
}
