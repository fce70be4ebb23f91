/** The engine: a pipeline, what happened, and the time go in; the next state and what to do come out. Pure. See docs/contracts.md. */
import type { TaskOutputs } from '../api/executor-io.ts'
import { InvalidInputError, type Issue } from '../api/issue.ts'
import type { JsonValue } from '../api/json.ts'
import type { ParameterType } from '../api/pipeline-spec.ts'
import type { PipelineDocument } from '../api/platform-spec.ts'
import type { RunReport } from '../api/run-report.ts'
import type { Program } from './program.ts'
import { isFinished, type RunState } from './run-state.ts'
import type { Action, AttemptFailure, Instant, Launch, RunConfig, RunEvent, TaskPath } from './types.ts'

export type { Program, RunState }
export { isFinished }

/** What an attempt left behind, as text; absent files are undefined. */
export interface FoundOutputs {
  /** Content of `launch.executorInput.outputs.outputFile`. */
  readonly executorOutput?: string | undefined
  /** Contents of the files of `launch.outputs.parameters`, by output name. */
  readonly parameterFiles: Readonly<Record<string, string | undefined>>
}
export interface WaitingReason {
  readonly task: TaskPath
  readonly code: 'upstream' | 'parallelism' | 'cache' | 'backoff' | 'starting'
  readonly message: string
  readonly until?: Instant
}
export interface Step {
  readonly state: RunState
  readonly actions: readonly Action[]
}
const notYet = (): never => {
  throw new InvalidInputError([
    { code: 'not-yet', severity: 'error', path: '', message: 'the engine is being written' },
  ])
}
export function prepare(_document: PipelineDocument): Program {
  return notYet()
}
export function checkArguments(_program: Program, _args: Readonly<Record<string, JsonValue>>): Issue[] {
  return notYet()
}
export function coerceArgument(_type: ParameterType, _text: string): JsonValue {
  return notYet()
}
export function begin(_program: Program, _config: RunConfig): RunState {
  return notYet()
}
export function advance(_program: Program, _state: RunState, _event: RunEvent, _now: Instant): Step {
  return notYet()
}
export function pendingActions(_program: Program, _state: RunState, _now: Instant): Action[] {
  return notYet()
}
export function collectOutputs(
  _launch: Launch,
  _found: FoundOutputs,
): { readonly outputs: TaskOutputs } | { readonly failure: AttemptFailure } {
  return notYet()
}
export function report(_program: Program, _state: RunState): RunReport {
  return notYet()
}
export function waitingReasons(_program: Program, _state: RunState, _now: Instant): WaitingReason[] {
  return notYet()
}
