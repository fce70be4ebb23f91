import { Cron } from 'croner'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseCron } from './cron-pattern.ts'
import { at } from './testing.ts'
import { cronTicks, type DstPolicy, everyTicks, nextInstants, type TickSource } from './ticks.ts'
import { loadZone } from './zone.ts'

const SHIFT_SECOND: DstPolicy = { gap: 'Shift', overlap: 'Second' }

function ticksOf(cron: string, zone = 'UTC', dst = SHIFT_SECOND): TickSource {
  const { pattern, issues } = parseCron(cron, cron.split(' ').length === 6 ? 'six' : 'five', 'cron')
  if (!pattern) throw new Error(issues[0]?.message)
  return cronTicks(pattern, loadZone(zone)!, dst)
}

/** Wall-clock times of one New York day, with their zone's abbreviation. */
function newYorkDay(cron: string, day: string, dst: DstPolicy): string[] {
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone: 'America/New_York',
    timeZoneName: 'longOffset',
    hour: '2-digit',
    minute: '2-digit',
  })
  const source = ticksOf(cron, 'America/New_York', dst)
  const until = at(`${day}T09:30:00Z`)
  // Midnight is 05:00Z on the day in March and 04:00Z on the one in November.
  return nextInstants(source, at(`${day}T0${day.includes('-03-') ? 5 : 4}:00:00Z`) - 1, 40)
    .filter((tick) => tick < until)
    .map((tick) => format.format(tick).replace(' GMT-04:00', ' EDT').replace(' GMT-05:00', ' EST'))
}

const SKIP_BOTH: DstPolicy = { gap: 'Skip', overlap: 'Both' }

describe('daylight saving in New York 2026 (part 3.3)', () => {
  const rows: [cron: string, day: string, dst: DstPolicy, times: string[]][] = [
    ['30 2 * * *', '2026-03-08', SHIFT_SECOND, ['03:30 EDT']],
    ['30 2 * * *', '2026-03-08', SKIP_BOTH, []],
    ['30 2 * * *', '2026-11-01', SHIFT_SECOND, ['02:30 EST']],
    ['30 1 * * *', '2026-11-01', SHIFT_SECOND, ['01:30 EST']],
    ['30 1 * * *', '2026-11-01', SKIP_BOTH, ['01:30 EDT', '01:30 EST']],
    ['30 1 * * *', '2026-03-08', SHIFT_SECOND, ['01:30 EST']],
    ['30 * * * *', '2026-03-08', SHIFT_SECOND, ['00:30 EST', '01:30 EST', '03:30 EDT', '04:30 EDT']],
    ['30 * * * *', '2026-11-01', SHIFT_SECOND, ['00:30 EDT', '01:30 EDT', '01:30 EST', '02:30 EST', '03:30 EST']],
    ['0 */2 * * *', '2026-03-08', SHIFT_SECOND, ['00:00 EST', '03:00 EDT', '04:00 EDT']],
    ['0 */2 * * *', '2026-03-08', SKIP_BOTH, ['00:00 EST', '04:00 EDT']],
    ['0 */2 * * *', '2026-11-01', SHIFT_SECOND, ['00:00 EDT', '02:00 EST', '04:00 EST']],
    ['0 3 * * *', '2026-03-08', SHIFT_SECOND, ['03:00 EDT']],
    ['0 2,3 * * *', '2026-03-08', SHIFT_SECOND, ['03:00 EDT']],
    ['*/20 2 * * *', '2026-03-08', SHIFT_SECOND, ['03:00 EDT', '03:20 EDT', '03:40 EDT']],
    ['*/20 1 * * *', '2026-11-01', SHIFT_SECOND, ['01:00 EST', '01:20 EST', '01:40 EST']],
  ]
  test.each(rows)('%s on %s, %o', (cron, day, dst, times) => {
    expect(newYorkDay(cron, day, dst)).toEqual(times)
  })
})

const field = (low: number, high: number) =>
  fc.oneof(
    fc.constant('*'),
    fc.integer({ min: low, max: high }).map(String),
    fc
      .tuple(fc.integer({ min: low, max: high }), fc.integer({ min: low, max: high }))
      .map(([a, b]) => `${Math.min(a, b)}-${Math.max(a, b)}`),
    fc.integer({ min: 2, max: Math.max(2, Math.floor((high - low) / 2)) }).map((step) => `*/${step}`),
    fc.uniqueArray(fc.integer({ min: low, max: high }), { minLength: 1, maxLength: 4 }).map((list) => list.join(',')),
  )
const anyCron = fc
  .tuple(field(0, 59), field(0, 23), field(1, 28), field(1, 12), field(0, 6))
  .map((parts) => parts.join(' '))
const anyInstant = fc.integer({ min: at('2016-01-01T00:00:00Z'), max: at('2036-01-01T00:00:00Z') })
const anyZone = fc.constantFrom(
  'UTC',
  'America/New_York',
  'Europe/Zurich',
  'Australia/Lord_Howe',
  'Pacific/Apia',
  'Africa/Casablanca',
)
const anyPolicy = fc.record({
  gap: fc.constantFrom<DstPolicy['gap'][]>('Shift', 'Skip'),
  overlap: fc.constantFrom<DstPolicy['overlap'][]>('Second', 'Both'),
})

describe('ticks of any cron', () => {
  test('agree with croner in UTC', () => {
    fc.assert(
      fc.property(anyCron, anyInstant, (cron, from) => {
        const theirs = new Cron(cron, { timezone: 'UTC' }).nextRuns(5, new Date(from)).map(Number)
        expect(nextInstants(ticksOf(cron), from, 5)).toEqual(theirs)
      }),
      { numRuns: 200 },
    )
  })

  test('forwards and backwards are the same set', () => {
    fc.assert(
      fc.property(anyCron, anyZone, anyPolicy, anyInstant, (cron, zone, dst, from) => {
        const source = ticksOf(cron, zone, dst)
        const ticks = nextInstants(source, from, 30)
        expect([...ticks].sort((a, b) => a - b)).toEqual(ticks)
        for (let index = 1; index < ticks.length; index += 1)
          expect(source.previous(ticks[index]!)).toBe(ticks[index - 1])
        if (ticks.length > 0) expect(source.previous(ticks[0]!) ?? from).toBeLessThanOrEqual(from)
      }),
      { numRuns: 500 },
    )
  })

  test('a day that a zone left out moves to the next', () => {
    // Samoa went from the evening of 29 December 2011 to the morning of the 31st.
    const ticks = nextInstants(ticksOf('0 5 30 12 *', 'Pacific/Apia'), at('2011-12-01T00:00:00Z'), 1)
    expect(new Date(ticks[0]!).toISOString()).toBe('2011-12-30T15:00:00.000Z')
  })

  test('an impossible date ends the search', () => {
    expect(ticksOf('0 0 30 2 *').next(at('2026-01-01T00:00:00Z'))).toBeUndefined()
    expect(ticksOf('0 0 30 2 *').previous(at('2026-01-01T00:00:00Z'))).toBeUndefined()
    expect(ticksOf('0 0 29 2 *').next(at('2096-03-01T00:00:00Z'))).toBe(at('2104-02-29T00:00:00Z'))
  })
})

test('an even interval never leaves its grid', () => {
  const source = everyTicks(100, 30)
  expect(nextInstants(source, -5, 3)).toEqual([100, 130, 160])
  expect([source.next(100), source.next(159), source.next(160)]).toEqual([130, 160, 190])
  expect([source.previous(100), source.previous(101), source.previous(160), source.previous(161)]).toEqual([
    undefined,
    100,
    130,
    160,
  ])
})
