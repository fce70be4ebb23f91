/** Looks that mend what news did not bring. */
import { setTimeout as delay } from 'node:timers/promises'

export interface NowAndThen {
  /** What it rejects with is told, and the next look is the next try. */
  readonly look: () => Promise<void>
  readonly everyMillis: number
  readonly isStopped: () => boolean
  readonly onTrouble: (error: unknown) => void
}

/** Looks at once, and then again and again; nothing stays alive for it. */
export async function lookNowAndThen({ look, everyMillis, isStopped, onTrouble }: NowAndThen): Promise<void> {
  while (!isStopped()) {
    await look().catch(onTrouble)
    await delay(everyMillis, undefined, { ref: false })
  }
}
