/** The time of a run: as the machine's clock shows it, but it never goes back nor stands still when that clock is set back. */

/**
 * @param after not earlier than this: the last instant that the run's journal knows
 * @param wall may jump
 * @param steady counts on whatever the clock is set to
 */
export function runClock(after: number, wall = Date.now, steady = () => performance.now()): () => number {
  let last = after
  let seen = steady()
  return () => {
    const at = steady()
    last = Math.max(wall(), last + (at - seen))
    seen = at
    return Math.floor(last)
  }
}
