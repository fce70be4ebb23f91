/** Names and types of values that cross a group's border: `pipelinechannel--<task>-<output>` and its relatives (kfp-ir.md 1.6). */
import { type GroupNode, groupKey, type LoopNode } from '../../dsl/graph.ts'
import type { AnyRef, ParameterRef } from '../../dsl/refs.ts'
import { refsOfGroup } from './task-refs.ts'
import { pathOf, topOf } from './topology.ts'

/** Name of the group input or output that carries a reference for a consumer in `group`. */
export function channelName(ref: AnyRef, group: GroupNode): string {
  return `pipelinechannel--${fullName(ref, group)}`
}

/** A reference's name inside its pipeline; `group` says who consumes it, which matters for collected lists only. */
export function fullName(ref: AnyRef, group: GroupNode): string {
  const { source } = ref
  switch (source.from) {
    case 'input':
      return source.name
    case 'task':
      return `${source.task.key}-${source.output}`
    case 'loop': {
      const { items } = source.loop
      return items.kind === 'static' ? `loop-item-param-${items.itemId}` : itemName(source.loop)
    }
    case 'field':
      return `${fullName(source.of, group)}-subvar-${source.key}`
    case 'one-of':
      return `${groupKey(source.branches)}-oneof-${source.index}`
    case 'collected':
      return `${groupKey(topOf(producerGroup(source.of), group))}-${surfacedName(source.of)}`
  }
}

/**
 * `<list>-loop-item`, as KFP has it. A loop in which the item of another one over the same list is used says which it is, in the
 * middle: a stock KFP knows items by how their names end.
 */
function itemName(loop: LoopNode): string {
  const list = listName(loop)
  const clashes = pathOf(loop).some(
    (outer) => outer.kind === 'loop' && outer !== loop && listName(outer) === list && isItemUsed(outer, loop),
  )
  return clashes ? `${list}-${groupKey(loop)}-loop-item` : `${list}-loop-item`
}

function listName(loop: LoopNode): string | undefined {
  return loop.items.kind === 'static' ? undefined : fullName(loop.items.ref, loop)
}

function isItemUsed(loop: LoopNode, inside: GroupNode): boolean {
  return refsOfGroup(inside).some((ref) => chainOf(ref).some((part) => isItemOf(part, loop)))
}

export function isItemOf(ref: AnyRef, group: GroupNode): boolean {
  return ref.source.from === 'loop' && ref.source.loop === group
}

/** Name under which groups hand the value of an inner task up. */
export function surfacedName(ref: AnyRef): string {
  return `pipelinechannel--${fullName(ref, producerGroup(ref))}`
}

/** The group whose dag makes the value. */
export function producerGroup(ref: AnyRef): GroupNode {
  const { source } = ref
  switch (source.from) {
    case 'input':
      return source.graph.root
    case 'task':
      return source.task.group
    case 'loop':
      return source.loop
    case 'field':
      return producerGroup(source.of)
    case 'one-of':
      return source.branches.parent!
    case 'collected':
      return producerGroup(source.of)
  }
}

/** Whether two references stand for one value. */
export function isSameValue(a: AnyRef, b: AnyRef): boolean {
  const [one, other] = [a.source, b.source]
  switch (one.from) {
    case 'input':
      return other.from === 'input' && one.graph === other.graph && one.name === other.name
    case 'task':
      return other.from === 'task' && one.task === other.task && one.output === other.output
    case 'loop':
      return other.from === 'loop' && one.loop === other.loop
    case 'field':
      return other.from === 'field' && one.key === other.key && isSameValue(one.of, other.of)
    case 'one-of':
      return other.from === 'one-of' && one.branches === other.branches && one.index === other.index
    case 'collected':
      return other.from === 'collected' && isSameValue(one.of, other.of)
  }
}

/** The reference, and what it is taken from: a field's struct, a loop item's list. */
export function chainOf(ref: AnyRef): readonly AnyRef[] {
  const { source } = ref
  if (source.from === 'field') return [ref, ...chainOf(source.of)]
  if (source.from === 'loop' && source.loop.items.kind !== 'static') return [ref, ...chainOf(source.loop.items.ref)]
  return [ref]
}

/** The reference that a field of a field of … belongs to, and the keys on the way. */
export function baseOf(ref: ParameterRef): {
  readonly base: ParameterRef
  readonly keys: readonly (string | number)[]
} {
  if (ref.source.from !== 'field') return { base: ref, keys: [] }
  const { base, keys } = baseOf(ref.source.of)
  return { base, keys: [...keys, ref.source.key] }
}

/** `parseJson(string_value)["a"]`: the expression that takes a field out of a struct. */
export function fieldSelector(keys: readonly (string | number)[]): string {
  return `parseJson(string_value)${keys.map((key) => `[${JSON.stringify(key)}]`).join('')}`
}
