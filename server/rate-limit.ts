/** Bounds how many requests one sender makes a second: a bucket of tokens for each. Pure but for the map. */

export interface RateLimit {
  readonly requestsPerSecond: number
  /** How many may come at once after a quiet time. */
  readonly burst: number
}

const MOST_SENDERS = 10_000

export class RateLimiter {
  readonly #limit: RateLimit
  readonly #buckets = new Map<string, { tokens: number; at: number }>()

  constructor(limit: RateLimit) {
    this.#limit = limit
  }

  /** False when the sender has to wait. `now` in milliseconds. */
  take(sender: string, now: number): boolean {
    const { requestsPerSecond, burst } = this.#limit
    const bucket = this.#buckets.get(sender) ?? { tokens: burst, at: now }
    const tokens = Math.min(burst, bucket.tokens + ((now - bucket.at) / 1000) * requestsPerSecond)
    if (this.#buckets.size >= MOST_SENDERS) this.#buckets.clear()
    this.#buckets.set(sender, { tokens: tokens >= 1 ? tokens - 1 : tokens, at: now })
    return tokens >= 1
  }
}
