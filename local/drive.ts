/** The loop of a run: events go to the journal, then to the engine, and only then are the engine's actions carried out. */
import { advance, isFinished, type Program, pendingActions, type RunState } from '../engine/index.ts'
import type { Action, JournalRecord, RunEvent } from '../engine/types.ts'
import type { Journal } from '../store/journal.ts'

/**
 * One handler a kind of action: a new kind breaks the build here and in the operator. Handlers answer by `emit`, later.
 * `isResume`: an earlier kfp-ts may have begun this very action.
 */
export type ActionHandlers = {
  readonly [Kind in Action['kind']]: (action: Extract<Action, { kind: Kind }>, isResume: boolean) => void
}

export interface DriveOptions {
  readonly program: Program
  /** State after everything that the journal holds. */
  readonly state: RunState
  readonly journal: Journal<JournalRecord>
  /** Never goes back. */
  readonly now: () => number
  readonly handlers: (emit: (event: RunEvent) => void) => ActionHandlers
  /** Called after each step, for progress. */
  readonly onStep: (records: readonly JournalRecord[], actions: readonly Action[], state: RunState) => void
  /** Sent before anything else, for example `started` or `retry-requested`. */
  readonly firstEvents: readonly RunEvent[]
  /** Ends the loop where it is; the run can be resumed from its journal. */
  readonly interrupt: AbortSignal
}

/** @returns the last state: finished, unless interrupted. Rejects when the journal can't be written (disk full). */
export async function drive(options: DriveOptions): Promise<RunState> {
  const inbox = makeInbox()
  const interrupted = new Promise<void>((resolve) =>
    options.interrupt.addEventListener('abort', () => resolve(), { once: true }),
  )
  const handlers = options.handlers(inbox.put)
  let { state } = options
  for (const event of options.firstEvents) inbox.put(event)
  perform(pendingActions(options.program, state, options.now()), handlers, true)
  while (!options.interrupt.aborted && !(isFinished(state) && inbox.isEmpty())) {
    await Promise.race([inbox.nonEmpty(), interrupted])
    const records = inbox.takeAll().map((event) => ({ at: options.now(), event }))
    await options.journal.append(records)
    const actions: Action[] = []
    for (const { at, event } of records) {
      const step = advance(options.program, state, event, at)
      state = step.state
      actions.push(...step.actions)
    }
    options.onStep(records, actions, state)
    if (!options.interrupt.aborted) perform(actions, handlers, false)
  }
  if (isFinished(state)) return state
  // The last sign of life: a resume tells from it how long the run stood still.
  const stop: JournalRecord = { at: options.now(), event: { kind: 'clock' } }
  await options.journal.append([stop])
  return advance(options.program, state, stop.event, stop.at).state
}

function perform(actions: readonly Action[], handlers: ActionHandlers, isResume: boolean): void {
  for (const action of actions) (handlers[action.kind] as (action: Action, isResume: boolean) => void)(action, isResume)
}

/** Events that wait for the loop. */
function makeInbox() {
  let events: RunEvent[] = []
  let announce: (() => void) | undefined
  return {
    put: (event: RunEvent) => {
      events.push(event)
      announce?.()
      announce = undefined
    },
    isEmpty: () => events.length === 0,
    nonEmpty: () => (events.length > 0 ? Promise.resolve() : new Promise<void>((resolve) => (announce = resolve))),
    takeAll: () => {
      const taken = events
      events = []
      return taken
    },
  }
}
