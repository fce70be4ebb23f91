/** The waits of an executor: starts watching for each, has what is seen judged, and answers the engine by events. */
import { judgeWait, type WaitVerdict } from '../engine/index.ts'
import type { Action, AttemptResult, RunEvent } from '../engine/types.ts'
import { type WaitScope, type WaitSources, watchBy } from './sources.ts'

export interface Waiter {
  /** Harmless to call twice. */
  start(action: Extract<Action, { kind: 'wait-for' }>): void
  /** Answers with what was last seen; false when there is no such wait. */
  cancel(task: string, attempt: number): boolean
  /** Looks no more and answers nothing. */
  stop(): void
  readonly size: number
}

export interface WaiterOptions {
  readonly sources: WaitSources
  readonly scope: WaitScope
  readonly emit: (event: RunEvent) => void
  /** @default 10_000 */
  readonly tellMillis?: number
}

interface Entry {
  stop: () => void
  lastSeen?: string
  told?: string
  toldAt: number
  timer?: NodeJS.Timeout | undefined
}

/** Every new sight is a line of the journal, so it is told no more often than this. */
const TELL_MILLIS = 10_000

export function createWaiter(options: WaiterOptions): Waiter {
  const { sources, scope, emit } = options
  const waits = new Map<string, Entry>()
  const watch = watchBy(sources)
  const teller = tellerOf(options)

  function end(key: string): Entry | undefined {
    const entry = waits.get(key)
    if (!entry) return undefined
    waits.delete(key)
    clearTimeout(entry.timer)
    entry.stop()
    return entry
  }

  return {
    start({ task, attempt, wait }) {
      const key = keyOf(task, attempt)
      if (waits.has(key)) return
      const entry: Entry = { stop: () => {}, toldAt: Number.NEGATIVE_INFINITY }
      waits.set(key, entry)
      const stop = watch(wait.request, scope, (sight, nextLookAt) => {
        if (waits.get(key) !== entry || sight.kind === 'unchanged') return
        const verdict = judgeWait(wait, sight, Date.now())
        if (verdict.verdict === 'waiting') {
          const again = nextLookAt === undefined ? '' : ` (looks every ${wait.request.everyMillis / 1000} s)`
          teller(entry, `${verdict.message}${again}`, task, attempt)
          return
        }
        end(key)
        emit({ kind: 'attempt-finished', task, attempt, result: resultOf(verdict) })
      })
      entry.stop = stop
      // It may have been over before there was anything to stop.
      if (waits.get(key) !== entry) stop()
    },
    cancel(task, attempt) {
      const entry = end(keyOf(task, attempt))
      if (entry) emit({ kind: 'attempt-finished', task, attempt, result: givenUp(entry.lastSeen) })
      return entry !== undefined
    },
    stop() {
      for (const key of [...waits.keys()]) end(key)
    },
    get size() {
      return waits.size
    },
  }
}

/** Tells what a wait has seen: the first at once, what is new later on when enough time has passed. */
function tellerOf({ emit, tellMillis = TELL_MILLIS }: WaiterOptions) {
  function tell(entry: Entry, task: string, attempt: number): void {
    entry.timer = undefined
    const message = entry.lastSeen
    if (message === undefined || message === entry.told) return
    const wait = entry.toldAt + tellMillis - Date.now()
    if (wait > 0) {
      entry.timer = setTimeout(() => tell(entry, task, attempt), wait)
      return
    }
    entry.told = message
    entry.toldAt = Date.now()
    emit({ kind: 'wait-seen', task, attempt, message })
  }
  return (entry: Entry, message: string, task: string, attempt: number): void => {
    entry.lastSeen = message
    if (entry.timer === undefined) tell(entry, task, attempt)
  }
}

function resultOf(verdict: Exclude<WaitVerdict, { verdict: 'waiting' }>): AttemptResult {
  return verdict.verdict === 'met'
    ? { outcome: 'succeeded', outputs: verdict.outputs }
    : { outcome: 'failed', failure: verdict.failure }
}

/** The engine, which gave it up, knows why; what was last seen is for the message of a wait that took too long. */
function givenUp(lastSeen: string | undefined): AttemptResult {
  if (lastSeen === undefined) return { outcome: 'canceled' }
  return { outcome: 'failed', failure: { cause: 'infrastructure', message: lastSeen } }
}

const keyOf = (task: string, attempt: number): string => `${task}#${attempt}`
