/** A timer for any time ahead: those of the host hold at most about 24 days. */
const LONGEST_TIMER_MILLIS = 2 ** 31 - 1

/**
 * Calls `act` once when that time has come, never before; keeps no process alive.
 *
 * @returns takes it back
 */
export function callAt(at: number, now: () => number, act: () => void): () => void {
  let timer: NodeJS.Timeout
  const wait = (): void => {
    timer = setTimeout(
      () => {
        if (now() < at) wait()
        else act()
      },
      Math.min(Math.max(0, at - now()), LONGEST_TIMER_MILLIS),
    ).unref()
  }
  wait()
  return () => clearTimeout(timer)
}
