/** Who takes how much of which limit: the counts behind the queues of runs and pods. */

/** What a run or a pod takes while it is there. */
export interface Claim {
  /** Name of the limit, such as `namespace/team-a` or `pool/gpu`. */
  readonly key: string
  readonly amount: number
}

export interface Limit {
  readonly width: number
  /** The limit for people, as the beginning of a sentence: `pool "gpu"`. */
  readonly name: string
  /** What is said when it is full, for limits with words of their own. */
  readonly whenFull?: string
}

export interface Ledger {
  /** Whether so much is free. */
  fits(claim: Claim): boolean
  /** Why no amount of waiting helps: the limit does not exist or is too small. */
  hopeless(claim: Claim): string | undefined
  take(claims: readonly Claim[], holder: string): void
  give(claims: readonly Claim[]): void
  /** Why a claim has to wait now, in one sentence. */
  explain(claim: Claim): string
}

/** @param limitOf the limit of a key, or why there is none */
export function createLedger(limitOf: (key: string) => Limit | string): Ledger {
  const taken = new Map<string, number>()
  /** Of limits that only one can hold: who does. */
  const holders = new Map<string, string>()
  const countOf = (key: string): number => taken.get(key) ?? 0

  return {
    fits({ key, amount }) {
      const limit = limitOf(key)
      return typeof limit !== 'string' && countOf(key) + amount <= limit.width
    },
    hopeless({ key, amount }) {
      const limit = limitOf(key)
      if (typeof limit === 'string') return limit
      return amount > limit.width
        ? `it takes ${amount} of ${limit.name}, which has no more than ${limit.width}`
        : undefined
    },
    take(claims, holder) {
      for (const { key, amount } of claims) {
        taken.set(key, countOf(key) + amount)
        if (key.startsWith('mutex/')) holders.set(key, holder)
      }
    },
    give(claims) {
      for (const { key, amount } of claims) {
        const left = countOf(key) - amount
        if (left > 0) taken.set(key, left)
        else {
          taken.delete(key)
          holders.delete(key)
        }
      }
    },
    explain({ key, amount }) {
      const limit = limitOf(key)
      if (typeof limit === 'string') return limit
      const holder = holders.get(key)
      if (holder) return `run "${holder}" holds ${limit.name}`
      if (limit.whenFull) return limit.whenFull
      const wanted = amount > 1 ? `, and it takes ${amount}` : ''
      return `${limit.name} is full: ${countOf(key)} of ${limit.width} are taken${wanted}`
    },
  }
}
