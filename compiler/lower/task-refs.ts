/** Every reference that a task or group mentions. */
import { operandsOf } from '../../dsl/condition.ts'
import type { ArgumentValue, ConditionNode, GroupNode, TaskNode, TaskSettings, TemplateValue } from '../../dsl/graph.ts'
import { type AnyRef, isRef, ParameterRef, type TextPiece } from '../../dsl/refs.ts'

/** References of a group and of everything in it. */
export function refsOfGroup(group: GroupNode): readonly AnyRef[] {
  const inside = [...group.tasks.flatMap(refsOfTask), ...group.groups.flatMap(refsOfGroup)]
  if (group.kind === 'condition') return [...conditionRefs(group), ...inside]
  return group.kind === 'loop' && group.items.kind !== 'static' ? [group.items.ref, ...inside] : inside
}

export function conditionRefs(group: ConditionNode): readonly ParameterRef[] {
  return group.conditions.flatMap(({ condition }) => operandsOf(condition.expression))
}

export function refsOfTask(task: TaskNode): readonly AnyRef[] {
  return [...[...task.arguments.values()].flatMap(refsOfValue), ...refsOfSettings(task.settings)]
}

export function refsOfValue(value: ArgumentValue): readonly AnyRef[] {
  if (value.kind === 'ref') return [value.ref]
  return value.kind === 'template' ? refsOfTemplate(value.value) : []
}

/** References in text, lists and objects, in order of first use. */
export function refsOfTemplate(value: TemplateValue): readonly ParameterRef[] {
  if (value === null || typeof value !== 'object') return []
  if ('list' in value) return value.list.flatMap(refsOfTemplate)
  if ('fields' in value) return value.fields.flatMap(([key, field]) => [...refsOfPieces(key), ...refsOfTemplate(field)])
  return refsOfPieces(value)
}

export function refsOfPieces(pieces: readonly TextPiece[] | undefined): readonly ParameterRef[] {
  return (pieces ?? []).filter((piece) => piece instanceof ParameterRef)
}

/** References in settings that may come from parameters. */
export function refsOfSettings(settings: TaskSettings): readonly AnyRef[] {
  const texts = [
    settings.image,
    settings.cpuLimit,
    settings.cpuRequest,
    settings.memoryLimit,
    settings.memoryRequest,
    settings.acceleratorType,
    settings.acceleratorCount,
    ...Object.values(settings.env ?? {}),
  ]
  return [...texts.flatMap(refsOfPieces), ...(settings.kubernetes ?? []).flatMap(({ value }) => refsInside(value))]
}

function refsInside(value: unknown): readonly AnyRef[] {
  if (isRef(value)) return [value]
  if (Array.isArray(value)) return value.flatMap(refsInside)
  if (typeof value === 'object' && value !== null) return Object.values(value).flatMap(refsInside)
  return []
}
