/** Tasks that wait without a pod, from their inputs: what is waited for, and what a wait for a time gives. */
import type { TaskOutputs } from '../api/executor-io.ts'
import { readWaitRequest } from '../api/read-wait.ts'
import type { TimeWait, WaitRequest } from '../api/wait.ts'
import type { ResolvedInputs } from './resolved-inputs.ts'
import { timeText } from './run-constants.ts'
import type { TaskNode } from './run-state.ts'
import { TaskError } from './task-error.ts'
import { planOf, type RunView } from './tree.ts'
import type { Instant, TaskPath, Wait, WaitOutputs } from './types.ts'

/** A wait that the clock alone answers: no executor hears of it. */
export interface WaitForTime {
  readonly request: TimeWait
  readonly outputs: WaitOutputs
}

export function isTimeWait(wait: Wait | WaitForTime): wait is WaitForTime {
  return wait.request.kind === 'time'
}

export function isWait(view: RunView, node: TaskNode): boolean {
  return planOf(view, node).component.leaf?.kind === 'wait'
}

/** @throws TaskError naming everything that is wrong with the inputs */
export function waitOf(view: RunView, path: TaskPath, inputs: ResolvedInputs): Wait | WaitForTime {
  const { component } = planOf(view, view.state.tasks[path]!)
  const read = readWaitRequest(component.leaf!.wait!, inputs.parameters)
  if ('problems' in read) throw new TaskError('bad-wait', `it can't wait: ${read.problems.join('; ')}`)
  const { parameters = {}, artifacts = {} } = component.spec.outputDefinitions ?? {}
  const [artifact] = Object.entries(artifacts)
  const outputs: WaitOutputs = {
    parameters: Object.keys(parameters),
    ...(artifact
      ? { artifact: { name: artifact[0], type: artifact[1].artifactType, metadata: artifact[1].metadata ?? {} } }
      : {}),
  }
  return { request: read.request, outputs } as Wait | WaitForTime
}

/** The instant at which a wait for a time is over; undefined for other waits. */
export function dueTime(request: WaitRequest, node: TaskNode): Instant | undefined {
  if (request.kind !== 'time') return undefined
  return (request.at ?? node.startTime!) + request.afterMillis
}

export function timeOutputs(view: RunView, node: TaskNode, due: Instant): TaskOutputs {
  const declared = Object.keys(planOf(view, node).component.spec.outputDefinitions?.parameters ?? {})
  return { parameters: declared.includes('time') ? { time: timeText(due) } : {}, artifacts: {} }
}
