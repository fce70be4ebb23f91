/** Loops that run their rounds side by side, and collected, which gathers what the rounds made. */
import type { JsonObject, JsonValue } from '../../api/json.ts'
import type { ParameterType as ParameterTypeWord } from '../../api/pipeline-spec.ts'
import { pathsOfRefs } from '../constant.ts'
import type { LoopNode } from '../graph.ts'
import { here } from '../location.ts'
import { type AnyRef, ArtifactRef, isRef, ParameterRef } from '../refs.ts'
import { currentScope, report, type Scope } from '../scope.ts'
import { parameterTypeOf } from '../types/fit.ts'
import type { ParameterType } from '../types/parameters.ts'
import { displayNameOf, inGroup, nextGroupId } from './groups.ts'

export interface LoopOptions {
  /** Most rounds at once. @default no limit */
  readonly parallelism?: number
  readonly displayName?: string
}

type Widen<T> = T extends string ? string : T extends number ? number : T extends boolean ? boolean : T

/**
 * Repeats tasks for each item of a list: a constant one, a list parameter, or a list of artifacts. Gives back what the body returns.
 *
 * @example
 * const trained = parallelFor([10, 100, 1000], (trees) => train({ data, trees }), { parallelism: 2 })
 * best({ models: collected(trained.outputs.model) })
 */
export function parallelFor<T extends JsonValue, R>(
  items: readonly T[],
  body: (item: ParameterRef<Widen<T>>) => R,
  options?: LoopOptions,
): R
export function parallelFor<T, R>(
  items: ParameterRef<readonly T[]>,
  body: (item: ParameterRef<T>) => R,
  options?: LoopOptions,
): R
export function parallelFor<S extends string, R>(
  items: ArtifactRef<S, true>,
  body: (item: ArtifactRef<S, false>) => R,
  options?: LoopOptions,
): R
export function parallelFor(items: unknown, body: (item: never) => unknown, options: LoopOptions = {}): unknown {
  const scope = currentScope('parallelFor')
  const site = here()
  const known = readItems(scope, items)
  const { parallelism = 0, displayName } = options
  if (!Number.isInteger(parallelism) || parallelism < 0) {
    report(scope, {
      code: 'wrong-parallelism',
      message: `parallelism of parallelFor cannot be ${parallelism}`,
      hint: 'use a whole number from 1, or leave it out for no limit',
      site,
    })
  }
  const node = {
    kind: 'loop',
    id: nextGroupId(scope),
    items: known.items,
    parallelism,
    parent: scope.group,
    groups: [],
    tasks: [],
    site,
    ...displayNameOf(displayName),
  } as unknown as LoopNode & { item: AnyRef }
  const source = { from: 'loop', loop: node } as const
  node.item =
    known.items.kind === 'artifacts'
      ? new ArtifactRef(source, { ...known.items.ref, list: false }, site)
      : new ParameterRef(source, known.type, site)
  scope.group.groups.push(node)
  return inGroup(node, () => body(node.item as never))
}

interface Items {
  readonly items: LoopNode['items']
  readonly type: Pick<ParameterType, 'parameterType' | 'items' | 'fields'>
}

function readItems(scope: Scope, items: unknown): Items {
  if (items instanceof ParameterRef) {
    const isList = items.parameterType === 'LIST' || items.parameterType === 'STRING' || items.source.from === 'loop'
    if (!isList) wrongItems(scope, `a parameter of type ${items.parameterType}`)
    return { items: { kind: 'ref', ref: items }, type: items.detail.items ?? { parameterType: 'STRING' } }
  }
  if (items instanceof ArtifactRef) {
    if (!items.list) wrongItems(scope, 'one artifact')
    return { items: { kind: 'artifacts', ref: items }, type: { parameterType: 'STRING' } }
  }
  const values = Array.isArray(items) ? (items as readonly JsonValue[]) : []
  if (values.length === 0) wrongItems(scope, Array.isArray(items) ? 'an empty list' : `a value of type ${typeof items}`)
  const isConstant = pathsOfRefs(values).length === 0
  if (!isConstant) wrongItems(scope, 'a constant list with references inside')
  return {
    items: { kind: 'static', values: isConstant ? values : [], itemId: nextGroupId(scope) },
    type: typeOfItems(
      scope,
      values.filter((value) => !isRef(value)),
    ),
  }
}

function wrongItems(
  scope: Scope,
  what: string,
  hint = 'give it a list of constants, a list parameter, or a list of artifacts; lists with references are made by a component',
): void {
  report(scope, { code: 'wrong-items', message: `parallelFor cannot repeat over ${what}`, hint, site: here() })
}

/** The type of all items, with the types of their fields. A field of which the items have different types is of unknown type. */
function typeOfItems(scope: Scope, values: readonly JsonValue[]): Items['type'] {
  const parameterType = commonType(values)
  if (parameterType === undefined) {
    const types = [...new Set(values.map(parameterTypeOf))].join(', ')
    wrongItems(scope, `items of different types (${types})`, 'make all of them numbers, texts, lists or structs')
  }
  if (parameterType !== 'STRUCT') return { parameterType: parameterType ?? 'STRING' }
  const structs = values.filter((value) => value !== null) as readonly JsonObject[]
  const keys = new Set(structs.flatMap(Object.keys))
  const fields = [...keys].flatMap((key): (readonly [string, ParameterType])[] => {
    const type = commonType(structs.map((struct) => struct[key]))
    return type === undefined ? [] : [[key, { kind: 'parameter', need: 'required', parameterType: type }]]
  })
  return { parameterType, fields: Object.fromEntries(fields) }
}

/** The type that all of some constants have, if there is one: whole numbers are numbers, and null says nothing. */
function commonType(values: readonly (JsonValue | undefined)[]): ParameterTypeWord | undefined {
  const known = values.filter((value) => value !== null && value !== undefined)
  const types = new Set(known.map(parameterTypeOf))
  if (types.has('NUMBER_DOUBLE')) types.delete('NUMBER_INTEGER')
  const [type = 'STRING'] = types
  return types.size > 1 ? undefined : type
}

/**
 * A list of the values that all rounds of a loop made, in the order of its items; for use after the loop.
 * Parameters of nested loops give lists of lists, artifacts one flat list.
 */
export function collected<T>(ref: ParameterRef<T>): ParameterRef<readonly T[]>
export function collected<S extends string>(ref: ArtifactRef<S, boolean>): ArtifactRef<S, true>
export function collected(ref: AnyRef): AnyRef {
  const scope = currentScope('collected')
  const site = here()
  if (!isRef(ref) || (ref.source.from !== 'task' && ref.source.from !== 'one-of')) {
    report(scope, {
      code: 'collected-level',
      message: 'collected takes the output of a task inside a loop',
      hint: 'pass task.output or task.outputs.<name>',
      site,
    })
  }
  const source = { from: 'collected', of: ref } as const
  return ref instanceof ArtifactRef
    ? new ArtifactRef(source, { ...ref, list: true }, site)
    : new ParameterRef(source, { parameterType: 'LIST' }, site)
}
