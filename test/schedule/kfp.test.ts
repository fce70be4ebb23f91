/** Our schedules beside a port of the scheduler of KFP's recurring runs. */
import { describe, expect, test } from 'vitest'
import { compileSchedule, type Schedule } from '../../engine/schedule/compile-schedule.ts'
import { newestDueSlot, nextSlot } from '../../engine/schedule/slots.ts'
import { nextInstants } from '../../engine/schedule/ticks.ts'
import { loadZone } from '../../engine/schedule/zone.ts'
import { randomCron, randomFrom, ZONES } from '../python/schedule/generate.ts'
import { kfpNext, parseRobfig, robfigNext } from './robfig-cron.ts'

const FROM = Date.UTC(2020, 0, 1)
const YEAR = 366 * 86_400_000

/** What the KFP shim makes of a recurring run (apis.md 3.4), with the policy for a zone that its installation sets. */
function kfpSchedule(cronSeconds: string, timeZone: string, extra: object): Schedule {
  const dst = { gap: 'Skip', overlap: 'Both' } as const
  const spec = {
    schedule: { cronSeconds },
    timeZone,
    dst,
    startBoundary: 'Exclusive',
    runTemplate: { pipelineRef: { name: 'p' } },
    ...extra,
  } as const
  const { schedule, issues } = compileSchedule('s', spec, FROM)
  if (!schedule) throw new Error(issues[0]?.message)
  return schedule
}

/**
 * Expressions on which both dialects agree: names and 7 don't exist there, and a step over "*" in a day field counts as free
 * there (and as restricted in croniter, whose meaning is ours).
 */
function commonCrons(count: number): string[] {
  const random = randomFrom(7)
  const found: string[] = []
  while (found.length < count) {
    const five = randomCron(random)
    const [, , day, month, weekday] = five.split(' ') as [string, string, string, string, string]
    if (/[a-z]/i.test(month + weekday) || weekday.includes('7') || day.startsWith('*/')) continue
    found.push(`${Math.floor(random() * 60)} ${five}`)
  }
  return found
}

describe('cron of recurring runs', () => {
  test('the same instants as robfig/cron in UTC', () => {
    const utc = loadZone('UTC')!
    for (const cron of commonCrons(200)) {
      const bits = parseRobfig(cron)
      const theirs: number[] = []
      for (let at = robfigNext(bits, utc, FROM); at !== undefined && theirs.length < 50; at = robfigNext(bits, utc, at))
        theirs.push(at)
      expect([cron, nextInstants(kfpSchedule(cron, 'UTC', {}).ticks, FROM, 50)]).toEqual([cron, theirs])
    }
  })

  test('in a zone the same but for what robfig does within a day of a change of the clock', () => {
    const crons = commonCrons(50)
    let compared = 0
    let different = 0
    crons.forEach((cron, index) => {
      const zone = loadZone(ZONES[index % ZONES.length]!)!
      const bits = parseRobfig(cron)
      const { ticks } = kfpSchedule(cron, zone.name, {})
      const changes = zone.spans.map((span) => span.from).filter((at) => at > FROM && at < FROM + 3 * YEAR)
      for (let at: number | undefined = FROM; at !== undefined && at < FROM + YEAR && compared < 200_000; ) {
        const ours: number | undefined = ticks.next(at)
        const theirs = robfigNext(bits, zone, at)
        compared += 1
        if (ours !== theirs) {
          different += 1
          // robfig steps by whole hours and days from a truncated start, and loses its way where a day has other than 24 hours.
          const [low, high] = [Math.min(ours!, theirs!), Math.max(ours!, theirs!)]
          expect([
            cron,
            zone.name,
            changes.some((change) => change > Math.min(at!, low) - 86_400_000 && change < high + 86_400_000),
          ]).toEqual([cron, zone.name, true])
        }
        at = ours
      }
    })
    expect(compared).toBeGreaterThan(5000)
    expect(different / compared).toBeLessThan(0.01)
  })

  test('New York 2026: 02:30 is skipped in spring, 01:30 happens twice in autumn', () => {
    const { ticks } = kfpSchedule('0 30 1,2 * * *', 'America/New_York', {})
    const bits = parseRobfig('0 30 1,2 * * *')
    const zone = loadZone('America/New_York')!
    for (const day of [Date.UTC(2026, 2, 8), Date.UTC(2026, 10, 1)]) {
      const theirs: number[] = []
      for (let at = robfigNext(bits, zone, day)!; at < day + 86_400_000; at = robfigNext(bits, zone, at)!)
        theirs.push(at)
      expect(nextInstants(ticks, day, 5).filter((at) => at < day + 86_400_000)).toEqual(theirs)
    }
  })
})

test.each([true, false])('catch-up %s: the run that KFP would create at any moment', (catchup) => {
  const random = randomFrom(catchup ? 1 : 2)
  const utc = loadZone('UTC')!
  for (const cron of commonCrons(100)) {
    const bits = parseRobfig(cron)
    const start = FROM + Math.floor(random() * 100) * 3_600_000
    const now = start + Math.floor(random() * 2000) * 60_000
    const end = random() < 0.5 ? start + Math.floor(1 + random() * 1000) * 60_000 : undefined
    const extra = { startTime: new Date(start).toISOString(), ...(end ? { endTime: new Date(end).toISOString() } : {}) }
    const schedule = kfpSchedule(cron, 'UTC', extra)
    const ours = (catchup ? undefined : newestDueSlot(schedule, undefined, now)) ?? nextSlot(schedule, undefined)
    const theirs = kfpNext((after) => robfigNext(bits, utc, after), start, now, catchup, end)
    expect([cron, ours?.logicalDate]).toEqual([cron, theirs])
  }
})
