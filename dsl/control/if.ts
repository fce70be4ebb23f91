/** If / Elif / Else, and oneOf, which takes the value of whichever branch ran. */
import { type Condition, usedCondition } from '../condition.ts'
import { type BranchesNode, type ConditionNode, type GroupNode, groupKey } from '../graph.ts'
import { here } from '../location.ts'
import { type AnyRef, ArtifactRef, isRef, ParameterRef } from '../refs.ts'
import { currentScope, report, type Scope } from '../scope.ts'
import { isOfMistake } from '../types/fit.ts'
import { inGroup, nextGroupId } from './groups.ts'

/** A chain of branches. `results` holds what the bodies returned, in order. */
export interface Branches<R extends readonly unknown[]> {
  readonly results: R
  /** When no branch before holds and this condition does. */
  Elif<T>(condition: Condition, body: () => T): Branches<readonly [...R, T]>
  /** When no branch before holds. */
  Else<T>(body: () => T): { readonly results: readonly [...R, T] }
}

/**
 * Runs tasks only when a condition holds at run time.
 *
 * @example
 * const [heads, tails] = If(equals(flip.output, 'heads'), () => celebrate({})).Else(() => mourn({})).results
 * report({ text: oneOf(heads.output, tails.output) })
 */
export function If<T>(condition: Condition, body: () => T): Branches<readonly [T]> {
  const scope = currentScope('If')
  return new Chain(scope).branch(usedCondition(condition, 'If'), body) as unknown as Branches<readonly [T]>
}

type Conditions = ConditionNode['conditions']

class Chain {
  readonly results: unknown[] = []
  readonly #scope: Scope
  readonly #earlier: Condition[] = []
  #first: ConditionNode | undefined
  #branches: BranchesNode | undefined

  constructor(scope: Scope) {
    this.#scope = scope
  }

  /** Without a condition: Else, or a mistake that is reported. */
  branch(condition: Condition | undefined, body: () => unknown): this {
    const parent = this.#first ? this.#wrap() : this.#scope.group
    const conditions: Conditions = [
      ...this.#earlier.map((earlier) => ({ condition: earlier, negated: true })),
      ...(condition ? [{ condition, negated: false }] : []),
    ]
    const id = nextGroupId(this.#scope)
    const node: ConditionNode = { kind: 'condition', id, conditions, parent, groups: [], tasks: [], site: here() }
    parent.groups.push(node)
    this.#first ??= node
    if (condition) this.#earlier.push(condition)
    this.results.push(inGroup(node, body))
    return this
  }

  Elif(condition: Condition, body: () => unknown): this {
    return this.branch(usedCondition(condition, 'Elif'), body)
  }

  Else(body: () => unknown): { readonly results: unknown[] } {
    this.branch(undefined, body)
    this.#branches!.hasElse = true
    return { results: this.results }
  }

  /** The second branch puts a group around the first, which takes over its number. */
  #wrap(): BranchesNode {
    if (this.#branches) return this.#branches
    const first = this.#first!
    const outer = this.#scope.group
    const wrapper: BranchesNode = {
      kind: 'branches',
      id: first.id,
      hasElse: false,
      oneOfs: 0,
      parent: outer,
      groups: [first],
      tasks: [],
      site: first.site,
    }
    first.id = nextGroupId(this.#scope)
    ;(first as { parent: GroupNode }).parent = wrapper
    outer.groups[outer.groups.indexOf(first)] = wrapper
    this.#branches = wrapper
    return wrapper
  }
}

/**
 * The value of the branch that ran: one reference from each branch of one If/Elif/Else, all of one type.
 */
export function oneOf<T>(
  first: ParameterRef<T>,
  ...others: readonly [ParameterRef<NoInfer<T>>, ...ParameterRef<NoInfer<T>>[]]
): ParameterRef<T>
export function oneOf<S extends string, L extends boolean>(
  first: ArtifactRef<S, L>,
  ...others: readonly [ArtifactRef<NoInfer<S>, NoInfer<L>>, ...ArtifactRef<NoInfer<S>, NoInfer<L>>[]]
): ArtifactRef<S, L>
export function oneOf(...choices: AnyRef[]): AnyRef {
  const scope = currentScope('oneOf')
  const site = here()
  const fail = (message: string, hint: string): void => report(scope, { code: 'wrong-one-of', message, hint, site })
  const [first] = choices
  if (!first || choices.some((choice) => !isRef(choice))) {
    fail('oneOf takes outputs of tasks', 'pass one output from each branch')
    return new ParameterRef(
      {
        from: 'field',
        of: new ParameterRef({ from: 'input', graph: scope.graph, name: '' }, { parameterType: 'STRING' }, site),
        key: '',
      },
      { parameterType: 'STRING' },
      site,
    )
  }
  const branches = commonBranches(choices)
  if (!branches) {
    fail(
      'the choices of oneOf are not outputs of different branches of one If',
      'pass one output of a task from each of If, Elif and Else',
    )
    return first
  }
  if (!branches.hasElse || branches.groups.length !== choices.length) {
    const why = branches.hasElse
      ? `it has ${branches.groups.length} branches and oneOf ${choices.length} choices`
      : 'it has no Else'
    fail(
      `oneOf needs one value from every branch of an If that ends with Else; ${why}`,
      'add the missing branch or choice',
    )
  }
  for (const choice of choices) refuseUnsure(choice, branches, fail)
  const unlike = choices.some(isOfMistake) ? undefined : choices.find((choice) => typeWord(choice) !== typeWord(first))
  if (unlike) fail(`oneOf mixes ${typeWord(first)} and ${typeWord(unlike)}`, 'all choices must have one type')
  const source = { from: 'one-of', branches, index: ++branches.oneOfs, choices } as const
  if (first instanceof ParameterRef)
    return new ParameterRef(source, { parameterType: first.parameterType, ...first.detail }, site)
  return new ArtifactRef(source, first, site)
}

/** A group between a branch and its choice makes several values, or none. */
function refuseUnsure(choice: AnyRef, branches: BranchesNode, fail: (message: string, hint: string) => void): void {
  const path = ancestors(groupOf(choice))
  const between = path[path.indexOf(branches) - 2]
  if (!between) return
  const isLoop = between.kind === 'loop'
  fail(
    `a choice of oneOf stands inside ${groupKey(between)} of its branch, which ${isLoop ? 'gives a value in each round' : 'may give none'}`,
    isLoop
      ? 'gather the values with collected(…) in a task of the branch, and choose an output of that task'
      : 'end the inner If with Else, and use oneOf inside the branch first',
  )
}

function typeWord(ref: AnyRef): string {
  return ref instanceof ParameterRef ? ref.parameterType : `${ref.list ? 'list of ' : ''}${ref.schemaTitle}`
}

function groupOf({ source }: AnyRef): GroupNode | undefined {
  if (source.from === 'task') return source.task.group
  return source.from === 'one-of' ? source.branches.parent : undefined
}

/** The innermost branches group of which every choice stands in another branch. */
function commonBranches(choices: readonly AnyRef[]): BranchesNode | undefined {
  const paths = choices.map((choice) => ancestors(groupOf(choice)))
  return paths[0]?.flatMap((group) => {
    if (group.kind !== 'branches') return []
    const arms = paths.map((path) => path[path.indexOf(group) - 1])
    const isShared = paths.every((path) => path.includes(group)) && arms.every(Boolean)
    return isShared && new Set(arms).size === arms.length ? [group] : []
  })[0]
}

function ancestors(group: GroupNode | undefined): readonly GroupNode[] {
  return group ? [group, ...ancestors(group.parent)] : []
}
