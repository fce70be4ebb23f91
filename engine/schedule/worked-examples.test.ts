import { describe, expect, test } from 'vitest'
import type { ScheduledRunSpec } from '../../api/scheduled-run.ts'
import { at, scheduleOf, VirtualWorld } from './testing.ts'

/** The table of part 3.5 of the specification: daily at midnight UTC, startTime 2026-01-01, first looked at on 2026-01-04 at noon. */
type Row = [
  story: string,
  spec: Partial<ScheduledRunSpec>,
  created: string[],
  next: string | undefined,
  runAfter?: string,
]

const DAILY = { schedule: { cron: '0 0 * * *' }, startTime: '2026-01-01T00:00:00Z' } as const
const rows: Row[] = [
  ['Trigger + All', { catchup: 'All' }, ['01-01', '01-02', '01-03', '01-04'], '01-05'],
  ['Trigger + Latest', { catchup: 'Latest' }, ['01-04'], '01-05'],
  ['DataInterval + All', { catchup: 'All', interval: 'DataInterval' }, ['01-01', '01-02', '01-03'], '01-04', '01-05'],
  ['DataInterval + Latest', { interval: 'DataInterval' }, ['01-03'], '01-04', '01-05'],
  ['Trigger + All + end', { catchup: 'All', endTime: '2026-01-03T00:00:00Z' }, ['01-01', '01-02', '01-03'], undefined],
  [
    'DataInterval + All + end',
    { catchup: 'All', interval: 'DataInterval', endTime: '2026-01-03T00:00:00Z' },
    ['01-01', '01-02', '01-03'],
    undefined,
  ],
  [
    'KFP cron, catch up',
    { schedule: { cronSeconds: '0 0 0 * * *' }, catchup: 'All', startBoundary: 'Exclusive' },
    ['01-02', '01-03', '01-04'],
    '01-05',
  ],
  [
    'KFP cron, no catchup',
    { schedule: { cronSeconds: '0 0 0 * * *' }, startBoundary: 'Exclusive' },
    ['01-04'],
    '01-05',
  ],
  // KFP would run now (12:00) and every noon from then on; we keep the grid: rule 1.
  ['KFP periodic, no catchup', { schedule: { every: '86400' }, startBoundary: 'Exclusive' }, ['01-04'], '01-05'],
]

describe('part 3.5 of the specification', () => {
  test.each(rows)('%s', (_story, spec, created, next, runAfter) => {
    const world = new VirtualWorld(scheduleOf({ ...DAILY, ...spec }))
    const noon = at('2026-01-04T12:00:00Z')
    const pass = world.pass(noon)
    const day = (text: string) => `2026-${text}T00:00`
    expect(world.dates()).toEqual(created.map(day))
    expect(pass.next?.logicalDate).toBe(next && at(`${day(next)}Z`))
    expect(pass.wakeAt).toBe(next && at(`${day(runAfter ?? next)}Z`))
    expect(world.pass(noon).actions).toEqual([])
  })
})
