/** What the checks of a pipeline's meaning look things up in: components, who uses them, and where to report. Tolerates gaps. */

import type { IssueCode } from '../issue-codes.ts'
import type { Findings, Path } from '../parse/findings.ts'
import type { ComponentSpec, ExecutorSpec, PipelineSpec, PipelineTaskSpec } from '../pipeline-spec.ts'

/** An empty table in which no inherited name is found. */
export const NONE: Readonly<Record<string, never>> = Object.freeze({ __proto__: null } as unknown as Record<
  string,
  never
>)

/** A component with its place; `root` is one too. */
export interface ComponentNode {
  readonly name: string
  readonly spec: ComponentSpec
  readonly path: Path
  /** Used by root, directly or not. Nobody ever looks at the others, so their problems are warnings. */
  reachable: boolean
  /** Tasks that use this component. */
  readonly callers: PipelineTaskSpec[]
}

export class Scope {
  readonly components = new Map<string, ComponentNode>()
  readonly executors: Readonly<Record<string, ExecutorSpec>>
  readonly root: ComponentNode | undefined
  readonly basePath: Path
  readonly findings: Findings

  constructor(spec: PipelineSpec, findings: Findings, basePath: Path) {
    this.findings = findings
    this.basePath = basePath
    this.executors = spec.deploymentSpec?.executors ?? NONE
    for (const [name, component] of Object.entries(spec.components ?? {})) {
      this.components.set(name, node(name, component, [...basePath, 'components', name]))
    }
    this.root = spec.root && node('root', spec.root, [...basePath, 'root'])
    for (const component of this.all()) this.#noteCalls(component)
    if (this.root) this.#markReachable(this.root)
  }

  *all(): Generator<ComponentNode> {
    if (this.root) yield this.root
    yield* this.components.values()
  }

  /** The component that a task uses, if it is there. */
  componentOf(task: PipelineTaskSpec | undefined): ComponentNode | undefined {
    const name = task?.componentRef?.name
    return name === undefined ? undefined : this.components.get(name)
  }

  /** An error where the run would meet it, a warning in components that nobody uses. */
  report(component: ComponentNode, code: IssueCode, path: Path, message: string, hint?: string): void {
    this.findings.add(component.reachable ? 'error' : 'warning', code, path, message, hint)
  }

  #noteCalls(component: ComponentNode): void {
    for (const task of Object.values(component.spec.dag?.tasks ?? {})) this.componentOf(task)?.callers.push(task)
  }

  #markReachable(root: ComponentNode): void {
    const open = [root]
    for (let next = open.pop(); next; next = open.pop()) {
      if (next.reachable) continue
      next.reachable = true
      for (const task of Object.values(next.spec.dag?.tasks ?? {})) {
        const used = this.componentOf(task)
        if (used && !used.reachable) open.push(used)
      }
    }
  }
}

function node(name: string, spec: ComponentSpec, path: Path): ComponentNode {
  return { name, spec, path, reachable: false, callers: [] }
}

/** A task with its place and its surroundings. */
export interface TaskNode {
  readonly key: string
  readonly task: PipelineTaskSpec
  readonly path: Path
  /** The component whose graph it is in. */
  readonly parent: ComponentNode
  /** The component that it uses, if it is there. */
  readonly component: ComponentNode | undefined
}

/** The tasks of a graph that a task's wires may name. */
export function siblingsOf(parent: ComponentNode): Readonly<Record<string, PipelineTaskSpec>> {
  return parent.spec.dag?.tasks ?? NONE
}
