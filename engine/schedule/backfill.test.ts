import { describe, expect, test } from 'vitest'
import type { BackfillSpec, ScheduledRunSpec } from '../../api/scheduled-run.ts'
import { advanceBackfill, type BackfillState, compileBackfill, INITIAL_BACKFILL_STATE } from './backfill.ts'
import { runNameOf } from './run-names.ts'
import type { RunFact, RunPhase } from './schedule-state.ts'
import { at, scheduleOf } from './testing.ts'

const NOW = at('2026-02-01T12:00:00Z')
const RANGE = { scheduleRef: { name: 'nightly' }, from: '2026-01-01T00:00:00Z', to: '2026-01-04T00:00:00Z' }
const date = (day: number) => at(`2026-01-${String(day).padStart(2, '0')}T00:00:00Z`)

function compiled(spec: Partial<BackfillSpec> = {}, schedule: Omit<ScheduledRunSpec, 'runTemplate'> = {}) {
  return compileBackfill('jan', { ...RANGE, ...spec }, scheduleOf({ schedule: { cron: '@daily' }, ...schedule }), NOW)
}

/** Passes with every created run ending as `phase` in between, until nothing changes. */
function drive(spec: Partial<BackfillSpec>, existing: RunFact[] = [], phase: RunPhase = 'succeeded', schedule = {}) {
  const { backfill } = compiled(spec, schedule)
  const runs = new Map(existing.map((run) => [run.name, run]))
  let state: BackfillState = INITIAL_BACKFILL_STATE
  let most = 0
  for (let round = 0; round < 50; round += 1) {
    const pass = advanceBackfill(backfill!, state, [...runs.values()], NOW + round)
    for (const action of pass.actions) {
      if (action.kind !== 'create-run') continue
      const { name, logicalDate, kind } = action.run
      runs.set(name, { name, kind, logicalDate, phase: 'active', createdAt: NOW + round, backfill: 'jan' })
    }
    state = pass.state
    const active = [...runs.values()].filter((run) => run.phase === 'active' && run.backfill)
    most = Math.max(most, active.length)
    if (active.length === 0)
      return {
        outcomes: state.outcomes.map((tick) => `${new Date(tick.logicalDate).getUTCDate()} ${tick.outcome}`),
        phase: pass.phase,
        most,
        runs,
      }
    runs.set(active[0]!.name, { ...active[0]!, phase, finishedAt: NOW + round })
  }
  throw new Error('the backfill does not end')
}

const past = (day: number, phase: RunPhase): RunFact => ({
  name: runNameOf('nightly', date(day)),
  kind: 'scheduled',
  logicalDate: date(day),
  phase,
  createdAt: date(day),
})

describe('backfill', () => {
  test('runs each tick of the range, both ends included, two at a time', () => {
    const { outcomes, phase, most } = drive({ maxActiveRuns: 2 })
    expect(outcomes).toEqual(['1 Created', '2 Created', '3 Created', '4 Created'])
    expect([phase, most]).toEqual(['Succeeded', 2])
  })

  test.each([
    ['None', ['1 AlreadyExists', '2 AlreadyExists', '3 InFlight', '4 Created']],
    ['Failed', ['1 AlreadyExists', '2 Rerun', '3 InFlight', '4 Created']],
    ['Completed', ['1 Rerun', '2 Rerun', '3 InFlight', '4 Created']],
  ] as const)('reprocess %s', (reprocess, wanted) => {
    const existing = [past(1, 'succeeded'), past(2, 'failed'), past(3, 'active')]
    expect(drive({ reprocess }, existing).outcomes).toEqual(wanted)
  })

  test('reverse, and a failed run makes a failed backfill', () => {
    const { outcomes, phase } = drive({ reverse: true }, [], 'failed')
    expect(outcomes[0]).toBe('4 Created')
    expect(phase).toBe('Failed')
  })

  test('dependsOnPast Run goes one by one and stops at a failure', () => {
    const spec = { reprocess: 'Completed' } as const
    expect(drive(spec, [], 'succeeded', { dependsOnPast: 'Run' }).most).toBe(1)
    const stopped = drive(spec, [], 'failed', { dependsOnPast: 'Run' })
    expect([stopped.outcomes, stopped.phase]).toEqual([['1 Created'], 'Running'])
  })

  test('a pass that was killed before saving creates nothing twice', () => {
    const { backfill } = compiled()
    const first = advanceBackfill(backfill!, INITIAL_BACKFILL_STATE, [], NOW)
    const created = first.actions.slice(0, 2).flatMap((action) => (action.kind === 'create-run' ? [action.run] : []))
    const runs = created.map(({ name, kind, logicalDate }) => ({
      name,
      kind,
      logicalDate,
      phase: 'active' as const,
      createdAt: NOW,
      backfill: 'jan',
    }))
    const second = advanceBackfill(backfill!, INITIAL_BACKFILL_STATE, runs, NOW)
    expect(second.actions.length).toBe(2)
    expect(second.state).toEqual(first.state)
  })

  test.each([
    ['not periodic', {}, { schedule: { once: {} } }, /has no ticks to fill in/],
    ['reverse', { reverse: true }, { dependsOnPast: 'Run' }, /cannot run newest first/],
    ['reprocess None', {}, { dependsOnPast: 'Task' }, /cannot be left out/],
    ['backwards', { to: '2025-01-01T00:00:00Z' }, {}, /ends before it begins/],
    ['too many', { from: '2020-01-01T00:00:00Z' }, { schedule: { cron: '* * * * *' } }, /more than 5000 ticks/],
    ['future', { from: '2026-03-01T00:00:00Z', to: '2026-03-02T00:00:00Z' }, {}, /no tick whose interval is over/],
  ] as const)('refused: %s', (_story, spec, schedule, wanted) => {
    expect(
      compiled(spec, schedule as never)
        .issues.map((issue) => issue.message)
        .join(),
    ).toMatch(wanted)
  })
})
