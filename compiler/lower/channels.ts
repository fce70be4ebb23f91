/** Names and types of values that cross a group's border: `pipelinechannel--<task>-<output>` and its relatives (kfp-ir.md 1.6). */
import { type GroupNode, groupKey } from '../../dsl/graph.ts'
import type { AnyRef, ParameterRef } from '../../dsl/refs.ts'
import { topOf } from './topology.ts'

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
      return items.kind === 'static'
        ? `loop-item-param-${items.itemId}`
        : `${fullName(items.ref, source.loop)}-loop-item`
    }
    case 'field':
      return `${fullName(source.of, group)}-subvar-${source.key}`
    case 'one-of':
      return `${groupKey(source.branches)}-oneof-${source.index}`
    case 'collected':
      return `${groupKey(topOf(producerGroup(source.of), group))}-${surfacedName(source.of)}`
  }
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
