/** Time for tests: it stands still while anybody works and jumps to the next thing due when nobody does. */

export interface VirtualClock {
  readonly now: () => number
  /** Calls back when the clock has come to this instant. @returns a function that takes it back */
  readonly at: (instant: number, callback: () => void) => () => void
  /** Jumps to the earliest instant that somebody waits for. @returns false when nobody waits */
  readonly jump: () => boolean
}

interface Waiting {
  readonly instant: number
  readonly callback: () => void
}

export function makeVirtualClock(start: number): VirtualClock {
  let now = start
  const waiting = new Set<Waiting>()
  return {
    now: () => now,
    at: (instant, callback) => {
      const entry = { instant, callback }
      waiting.add(entry)
      return () => waiting.delete(entry)
    },
    jump: () => {
      let next: Waiting | undefined
      for (const entry of waiting) if (!next || entry.instant < next.instant) next = entry
      if (!next || next.instant === Number.POSITIVE_INFINITY) return false
      waiting.delete(next)
      now = Math.max(now, next.instant)
      next.callback()
      return true
    },
  }
}
