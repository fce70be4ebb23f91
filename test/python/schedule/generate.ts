/** Schedules made from a seed for the differential tests: crons of every density, even intervals, ten zones with their odd changes. */

export const ZONES = [
  'America/New_York',
  'Europe/Zurich',
  'Australia/Lord_Howe',
  'America/Sao_Paulo',
  'Africa/Casablanca',
  'Pacific/Auckland',
  'Asia/Tehran',
  'America/St_Johns',
  'Asia/Kolkata',
  'Pacific/Apia',
] as const

/** A repeatable source of numbers in [0, 1) (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** A five-field cron whose hours often touch the night, where clocks change. */
export function randomCron(random: () => number): string {
  const whole = (low: number, high: number) => low + Math.floor(random() * (high - low + 1))
  const pick = <T>(items: readonly T[]): T => items[whole(0, items.length - 1)]!
  const list = (low: number, high: number) =>
    [...new Set([whole(low, high), whole(low, high), whole(low, high)])].sort((a, b) => a - b).join(',')
  const range = (low: number, high: number) => {
    const from = whole(low, high - 1)
    return `${from}-${whole(from + 1, high)}`
  }
  const minute = pick([
    () => '0',
    () => String(whole(0, 59)),
    () => `*/${pick([5, 7, 10, 15, 20, 30])}`,
    () => list(0, 59),
    () => `${range(0, 59)}/${whole(2, 25)}`,
  ])()
  const hour = pick([
    () => '*',
    () => String(whole(0, 3)),
    () => String(whole(0, 23)),
    () => `*/${whole(2, 9)}`,
    () => range(0, 23),
    () => list(0, 5),
    () => `${whole(0, 3)}/${whole(2, 8)}`,
  ])()
  const free = random() < 0.5
  const day = free
    ? '*'
    : pick([
        () => '*',
        () => '1',
        () => String(whole(1, 28)),
        () => range(1, 31),
        () => `*/${whole(2, 10)}`,
        () => list(1, 31),
      ])()
  const month =
    random() < 0.75
      ? '*'
      : pick([() => `*/${whole(2, 6)}`, () => list(1, 12), () => pick(['JAN-MAR', 'mar,oct,nov', 'APR'])])()
  const weekday = free
    ? '*'
    : pick([
        () => '*',
        () => '?',
        () => '1-5',
        () => pick(['MON', 'sun,sat', 'TUE-THU', '0', '7', '5-7']),
        () => list(0, 6),
      ])()
  return [minute, hour, day, month, weekday].join(' ')
}
