/** The one source of randomness of the components: a seeded generator, so that the same seed gives the same model anywhere. Pure. */

/** Draws the next number in [0, 1). */
export type Random = () => number

/**
 * A mulberry32 generator: 32 bits of state, period 2^32, fast, the same on every machine. Not for secrets.
 *
 * @param seed any integer; its low 32 bits count.
 */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}

/** Shuffles `items` in place (Fisher-Yates) and returns it. */
export function shuffle<T extends { [index: number]: number; length: number } | unknown[]>(
  items: T,
  random: Random,
): T {
  const list = items as unknown[]
  for (let last = list.length - 1; last > 0; last--) {
    const pick = Math.floor(random() * (last + 1))
    const held = list[last]
    list[last] = list[pick]
    list[pick] = held
  }
  return items
}
