/** The pause before another try of what an API server or a store could not do now. */
const LONGEST_MILLIS = 15_000

/** Twice as long after each failure; nothing stays alive for it. */
export function backOff(failures: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.min(LONGEST_MILLIS, 500 * 2 ** failures)).unref())
}
