/** Answers for tasks that wait without a pod: what a test says happens in the world, in virtual time. */
import type { RuntimeArtifact, TaskOutputs } from '../../api/executor-io.ts'
import type { JsonValue } from '../../api/json.ts'
import type { LookedAt } from '../../api/wait.ts'
import type { Action } from '../../engine/types.ts'
import type { FakeCall } from './fakes.ts'

export type WaitForAction = Extract<Action, { kind: 'wait-for' }>

/** What a fake of a wait is called with. */
export interface FakeWaitCall extends Pick<FakeCall, 'task' | 'attempt' | 'now' | 'sleep'> {
  /** What is waited for, with every input filled in. */
  readonly request: LookedAt
}

/**
 * What ends a wait: it returns when the thing has come, with the outputs that the pipeline reads (the others are made up), and
 * throws when the wait fails. Sleeping is waiting; a limit of the task ends it as in a real run.
 *
 * @example { 'wait-for-http': async ({ sleep }) => { await sleep(3_600_000); return { body: 'ready' } } }
 */
// biome-ignore lint/suspicious/noConfusingVoidType: a fake that only says when returns nothing.
export type FakeWait = (call: FakeWaitCall) => FakeSeen | void | Promise<FakeSeen | void>

/** Outputs by name. */
export type FakeSeen = Readonly<Record<string, JsonValue>>

/** @throws Error for outputs that the kind of wait does not have */
export function outputsOfFakeWait({ task, wait }: WaitForAction, seen: FakeSeen): TaskOutputs {
  const { request, outputs } = wait
  const unknown = Object.keys(seen).filter((name) => !outputs.parameters.includes(name))
  if (unknown.length > 0)
    throw new Error(
      `the fake wait of ${task} gives ${unknown.join(', ')}; its task has ${outputs.parameters.join(', ') || 'no such outputs'}`,
    )
  const madeUp = defaultsOf(request)
  const parameters = Object.fromEntries(outputs.parameters.map((name) => [name, seen[name] ?? madeUp[name] ?? '']))
  if (!outputs.artifact || request.kind !== 'object') return { parameters, artifacts: {} }
  const { name, type, metadata } = outputs.artifact
  const artifact: RuntimeArtifact = { name, type, uri: request.uri, metadata }
  return { parameters, artifacts: { [name]: [artifact] } }
}

function defaultsOf(request: LookedAt): Readonly<Record<string, JsonValue>> {
  switch (request.kind) {
    case 'http':
      return { status: request.statuses[0] ?? 200, body: '', json: {} }
    case 'object':
      return { size: request.minBytes, etag: 'fake' }
    case 'resource':
      return { object: {} }
    case 'run':
      return { id: request.run ?? 'fake-run', state: request.states[0] ?? 'SUCCEEDED', outputs: {} }
    case 'alias':
      return { version: request.atLeast ?? (request.changedFrom ?? 0) + 1 }
  }
}
