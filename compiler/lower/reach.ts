/** Whether a reference can be used where it is used: values leave loops, conditions and exit handlers only in certain ways. */
import { type GroupNode, groupKey, type PipelineGraph } from '../../dsl/graph.ts'
import type { AnyRef } from '../../dsl/refs.ts'
import { producerGroup } from './channels.ts'
import { commonGroup, groupsBetween, holds, pathOf } from './topology.ts'

export interface ReachProblem {
  readonly code: string
  readonly message: string
  readonly hint: string
}

/** Undefined when a consumer in `group` may use the reference. `output` names the pipeline output that it is for. */
export function checkReach(
  ref: AnyRef,
  group: GroupNode,
  graph: PipelineGraph,
  output?: string,
): ReachProblem | undefined {
  const who = output === undefined ? 'a task' : `output "${output}" of the pipeline`
  const made = producerGroup(ref)
  if (pathOf(made)[0] !== graph.root) {
    return {
      code: 'other-pipeline',
      message: `${nameOf(ref)} belongs to another pipeline than "${graph.model.name}"`,
      hint: 'pass it as an input of the inner pipeline, or return it from the inner one',
    }
  }
  if (ref.source.from === 'field') return checkReach(ref.source.of, group, graph, output)
  if (ref.source.from === 'collected') return checkCollected(ref.source.of, group, who)
  if (holds(made, group)) return undefined
  const border = groupsBetween(commonGroup(made, group), made)[0] ?? made
  return leavingProblem(ref, border, who)
}

function checkCollected(of: AnyRef, group: GroupNode, who: string): ReachProblem | undefined {
  const made = producerGroup(of)
  const between = groupsBetween(commonGroup(made, group), made)
  if (!between.some(({ kind }) => kind === 'loop')) {
    return {
      code: 'collected-level',
      message: `${who} collects ${nameOf(of)}, which is not inside a loop that ${who} stands outside of`,
      hint: 'use collected(…) after the loop has ended, for an output of a task inside it',
    }
  }
  const border = between[0]
  if (border && border.kind !== 'loop') return leavingProblem(of, border, who)
  return undefined
}

function leavingProblem(ref: AnyRef, border: GroupNode, who: string): ReachProblem {
  const message = `${who} outside of ${groupKey(border)} uses ${nameOf(ref)}, which is known only inside it`
  switch (border.kind) {
    case 'loop':
      return ref.source.from === 'loop'
        ? { code: 'out-of-scope', message, hint: 'a loop item is known only inside the loop: move the use into it' }
        : {
            code: 'out-of-scope',
            message,
            hint: 'gather the values of all rounds with collected(…), or move the use into the loop',
          }
    case 'condition':
    case 'branches':
      return {
        code: 'out-of-scope',
        message,
        hint: 'choose between the branches with oneOf(…), or move the use into the branch',
      }
    default:
      return { code: 'out-of-scope', message, hint: 'move the use into the same block' }
  }
}

/** A reference for a message. */
export function nameOf(ref: AnyRef): string {
  const { source } = ref
  switch (source.from) {
    case 'input':
      return `the input "${source.name}"`
    case 'task':
      return `output "${source.output}" of task "${source.task.key}"`
    case 'loop':
      return `the item of ${groupKey(source.loop)}`
    case 'field':
      return `the field "${source.key}" of ${nameOf(source.of)}`
    case 'one-of':
      return `a oneOf of ${groupKey(source.branches)}`
    case 'collected':
      return `the collected ${nameOf(source.of)}`
  }
}
