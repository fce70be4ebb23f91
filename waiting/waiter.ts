/** The waits of an executor: starts watching for each, has what is seen judged, and answers the engine by events. */
import { judgeWait } from '../engine/index.ts'
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

export function createWaiter({ sources, scope, emit, tellMillis = TELL_MILLIS }: WaiterOptions): Waiter {
  const waits = new Map<string, Entry>()
  const watch = watchBy(sources)

  function end(key: string): Entry | undefined {
    const entry = waits.get(key)
    if (!entry) return undefined
    waits.delete(key)
    clearTimeout(entry.timer)
    entry.stop()
    return entry
  }

  function tellSeen(entry: Entry, task: string, attempt: number): void {
    entry.timer = undefined
    const message = entry.lastSeen
    if (message === undefined || message === entry.told) return
    const wait = entry.toldAt + tellMillis - Date.now()
    if (wait > 0) {
      entry.timer = setTimeout(() => tellSeen(entry, task, attempt), wait)
      return
    }
    entry.told = message
    entry.toldAt = Date.now()
    emit({ kind: 'wait-seen', task, attempt, message })
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
          entry.lastSeen = `${verdict.message}${again}`
          if (entry.timer === undefined) tellSeen(entry, task, attempt)
          return
        }
        end(key)
        const result: AttemptResult =
          verdict.verdict === 'met'
            ? { outcome: 'succeeded', outputs: verdict.outputs }
            : { outcome: 'failed', failure: verdict.failure }
        emit({ kind: 'attempt-finished', task, attempt, result })
      })
      entry.stop = stop
      // It may have been over before there was anything to stop.
      if (waits.get(key) !== entry) stop()
    },
    cancel(task, attempt) {
      const entry = end(keyOf(task, attempt))
      if (!entry) return false
      const { lastSeen } = entry
      const result: AttemptResult =
        lastSeen === undefined
          ? { outcome: 'canceled' }
          : { outcome: 'failed', failure: { cause: 'infrastructure', message: lastSeen } }
      emit({ kind: 'attempt-finished', task, attempt, result })
      return true
    },
    stop() {
      for (const key of [...waits.keys()]) end(key)
    },
    get size() {
      return waits.size
    },
  }
}

const keyOf = (task: string, attempt: number): string => `${task}#${attempt}`
