import { expect, test } from 'vitest'
import { parseScheduledRunSpec } from '../../api/parse-scheduled-run.ts'
import { type ScheduleOptions, scheduleSpecOf } from '../../api/schedule-options.ts'
import { compileSchedule } from '../../engine/schedule/compile-schedule.ts'
import { nextRows, nextTable } from './next-table.ts'
import { withTiming } from './read-scheduled.ts'

function rowsOf(options: ScheduleOptions, after: string, count: number) {
  const { spec } = parseScheduledRunSpec({ ...scheduleSpecOf(options), runTemplate: { pipelineRef: { name: 'p' } } })
  const at = Date.parse(after)
  return nextRows('s', spec!, compileSchedule('s', spec!, at).schedule!, at, count)
}

test('notes of daylight saving, and columns for intervals', () => {
  const rows = rowsOf(
    { cron: '30 2 * * *', timeZone: 'America/New_York', interval: 'DataInterval' },
    '2026-03-07T12:00:00Z',
    2,
  )
  expect(nextTable(rows, 'America/New_York')).toBe(
    [
      'LOGICAL DATE, America/New_York  UTC                   RUNS AT (UTC)         NOTE',
      '2026-03-08 03:30:00-04:00       2026-03-08T07:30:00Z  2026-03-09T06:30:00Z  the clock skips this time on that day: moved by the gap',
      '2026-03-09 02:30:00-04:00       2026-03-09T06:30:00Z  2026-03-10T06:30:00Z',
      '',
    ].join('\n'),
  )
  const autumn = rowsOf({ cron: '30 1 * * *', timeZone: 'America/New_York' }, '2026-10-31T12:00:00Z', 1)
  expect(autumn[0]?.note).toBe('this time happens twice on that day: run at the later one')
  const both = rowsOf(
    { cron: '30 1 * * *', timeZone: 'America/New_York', dst: { overlap: 'Both' } },
    '2026-10-31T12:00:00Z',
    2,
  )
  expect(both.map((row) => row.note)).toEqual([
    undefined,
    'this time happens twice on that day: this is the second run',
  ])
})

test('the command line replaces the timing of the file and keeps the rest', () => {
  const written: ScheduleOptions = { cron: '@daily', timeZone: 'UTC', parameters: { day: '[[ds]]', n: 1 } }
  expect(
    withTiming(written, { cron: '0 0 6 * * *', zone: 'Europe/Zurich', start: '2026-01-01', param: ['n=2', 'x=a=b'] }),
  ).toEqual({
    cronSeconds: '0 0 6 * * *',
    timeZone: 'Europe/Zurich',
    startTime: '2026-01-01T00:00:00Z',
    parameters: { day: '[[ds]]', n: '2', x: 'a=b' },
  })
  expect(withTiming(written, {})).toEqual(written)
  expect(() => withTiming(written, { param: ['n'] })).toThrow(/NAME=VALUE/)
})
