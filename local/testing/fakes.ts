/** What stands in for a component in a test, and how its answer becomes the outputs of a task. */
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { RuntimeArtifact, TaskOutputs } from '../../api/executor-io.ts'
import type { JsonObject, JsonValue } from '../../api/json.ts'
import type { FailureCause } from '../../api/run-report.ts'
import type { AttemptResult, Launch } from '../../engine/types.ts'

/** What a fake is called with. */
export interface FakeCall {
  /** Path of the task, such as `root/for-loop-2[3]/train`. */
  readonly task: string
  /** Counted from 1. */
  readonly attempt: number
  readonly parameters: Readonly<Record<string, JsonValue>>
  readonly artifacts: Readonly<Record<string, readonly RuntimeArtifact[]>>
  /** Virtual time, epoch milliseconds. */
  readonly now: () => number
  /** Lets virtual time pass. Rejects when the attempt is canceled or timed out meanwhile. */
  readonly sleep: (millis: number) => Promise<void>
  /** Command and everything else that the engine resolved. */
  readonly launch: Launch
}

/** An artifact that a fake makes. */
export interface FakeArtifact {
  readonly content?: string | Uint8Array
  readonly metadata?: JsonObject
  readonly uri?: string
}

/** One value for each output: JSON for a parameter, a FakeArtifact (or nothing) for an artifact. */
export type FakeOutputs = Readonly<Record<string, JsonValue | FakeArtifact | undefined>>

/** A fake component. Throwing fails the attempt; throw a StepFailure to choose the cause. */
// biome-ignore lint/suspicious/noConfusingVoidType: a fake without outputs returns nothing.
export type FakeComponent = (call: FakeCall) => FakeOutputs | void | Promise<FakeOutputs | void>

/**
 * A failure with a cause, each of which has its own retry budget.
 *
 * @example throw new StepFailure('oom')
 */
export class StepFailure extends Error {
  readonly failureCause: FailureCause

  constructor(failureCause: FailureCause, message = `fake failure: ${failureCause}`) {
    super(message)
    this.name = 'StepFailure'
    this.failureCause = failureCause
  }
}

export function failureResult(error: unknown): AttemptResult {
  const cause = error instanceof StepFailure ? error.failureCause : 'application'
  const message = error instanceof Error ? error.message : String(error)
  return { outcome: 'failed', failure: { cause, message } }
}

/** Checks a fake's answer against what the component declares, and writes artifact contents where consumers look. */
export async function outputsOfFake(launch: Launch, answer: FakeOutputs): Promise<TaskOutputs> {
  const declared = [...Object.keys(launch.outputs.parameters), ...Object.keys(launch.outputs.artifacts)]
  const unknown = Object.keys(answer).filter((name) => !declared.includes(name))
  if (unknown.length > 0) {
    throw new Error(
      `the fake of ${launch.taskKey} gives ${unknown.join(', ')}; its component declares ${declared.join(', ') || 'no outputs'}`,
    )
  }
  const parameters: Record<string, JsonValue> = {}
  for (const name of Object.keys(launch.outputs.parameters)) {
    if (answer[name] === undefined)
      throw new Error(`the fake of ${launch.taskKey} gives no value for its output "${name}"`)
    parameters[name] = answer[name] as JsonValue
  }
  const artifacts: Record<string, RuntimeArtifact[]> = {}
  for (const [name, { type, uri, path }] of Object.entries(launch.outputs.artifacts)) {
    const fake = (answer[name] ?? {}) as FakeArtifact
    if (fake.content !== undefined) {
      await mkdir(dirname(path), { recursive: true })
      await writeFile(path, fake.content)
    }
    artifacts[name] = [{ name, type, uri: fake.uri ?? uri, metadata: fake.metadata ?? {} }]
  }
  return { parameters, artifacts }
}
