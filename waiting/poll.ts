/** Looking again and again: with jitter, with longer pauses while there is trouble, and not at everything at once. */
import pLimit from 'p-limit'
import type { LookedAt, Sight } from '../api/wait.ts'
import type { WaitScope, Watch } from './sources.ts'

/** What the looks of one wait remember from one to the next. */
export interface LookMemory {
  etag?: string
}

/** One look. What it throws is trouble that may pass. */
export type Look<R extends LookedAt> = (
  request: R,
  scope: WaitScope,
  memory: LookMemory,
  signal: AbortSignal,
) => Promise<Sight>

export interface PollOptions {
  /** Looks under way at once. @default 32 */
  readonly parallelLooks?: number
  /** In [0, 1). @default Math.random */
  readonly random?: () => number
}

/** Pauses double up to this many times while a thing can't be seen, and grow to this at most. */
const MAX_DOUBLINGS = 5
const LONGEST_BACKOFF_MILLIS = 600_000
/** Pauses vary by this part, so that ten thousand waits that began together do not look together for ever. */
const JITTER = 0.1
const LONGEST_TIMER_MILLIS = 2 ** 31 - 1

/** Makes a watch of a look. All waits of the watch share the bound on looks under way. */
export function polling<R extends LookedAt>(look: Look<R>, options: PollOptions = {}): Watch<R> {
  const { parallelLooks = 32, random = Math.random } = options
  const limit = pLimit(parallelLooks)
  return (request, scope, see) => {
    const stopping = new AbortController()
    const memory: LookMemory = {}
    let troubles = 0
    let timer: NodeJS.Timeout | undefined
    const lookOnce = async (): Promise<void> => {
      if (stopping.signal.aborted) return
      const sight = await look(request, scope, memory, stopping.signal).catch(toTrouble)
      if (stopping.signal.aborted) return
      troubles = sight.kind === 'trouble' ? troubles + 1 : 0
      const pause = pauseMillis(request.everyMillis, troubles) * (1 - JITTER + 2 * JITTER * random())
      see(sight, Date.now() + pause)
      if (!stopping.signal.aborted) timer = setTimeout(lookSoon, Math.min(pause, LONGEST_TIMER_MILLIS))
    }
    const lookSoon = (): void => void limit(lookOnce)
    lookSoon()
    return () => {
      stopping.abort()
      clearTimeout(timer)
    }
  }
}

function pauseMillis(everyMillis: number, troubles: number): number {
  const longer = everyMillis * 2 ** Math.min(MAX_DOUBLINGS, Math.max(0, troubles - 1))
  return Math.max(everyMillis, Math.min(longer, LONGEST_BACKOFF_MILLIS))
}

const toTrouble = (error: unknown): Sight => ({
  kind: 'trouble',
  message: error instanceof Error ? error.message : String(error),
})
