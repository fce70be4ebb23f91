/** Helpers of the schedule tests: schedules from a few words, and a world in virtual time that carries the reducer's actions out. */
import type { ScheduledRunSpec } from '../../api/scheduled-run.ts'
import type { Instant } from '../types.ts'
import { advanceSchedule } from './advance-schedule.ts'
import { compileSchedule, type Schedule } from './compile-schedule.ts'
import {
  INITIAL_SCHEDULE_STATE,
  type ManualRequest,
  type RunFact,
  type RunPhase,
  type RunPlan,
  type ScheduleAction,
  type SchedulePass,
  type ScheduleState,
  type SettledSignal,
  type Signal,
} from './schedule-state.ts'

export const at = (text: string): Instant => Date.parse(text)

/** A schedule with a template; throws on any error issue. */
export function scheduleOf(
  spec: Omit<ScheduledRunSpec, 'runTemplate'>,
  createdAt = at('2026-01-01T00:00:00Z'),
): Schedule {
  const { schedule, issues } = compileSchedule(
    'nightly',
    { ...spec, runTemplate: { pipelineRef: { name: 'p' } } },
    createdAt,
  )
  if (!schedule) throw new Error(issues.map((issue) => issue.message).join('\n'))
  return schedule
}

/** Runs that exist, a saved state, and a carrier that can die between two actions. */
export class VirtualWorld {
  readonly runs = new Map<string, RunFact>()
  readonly created: RunPlan[] = []
  readonly answers: Extract<ScheduleAction, { kind: 'answer-request' }>[] = []
  state: ScheduleState = INITIAL_SCHEDULE_STATE
  schedule: Schedule
  requests: ManualRequest[] = []
  signals: Signal[] = []
  readonly settled: SettledSignal[] = []
  resumeRequestedAt: Instant | undefined

  constructor(schedule: Schedule) {
    this.schedule = schedule
  }

  /** One pass. `dieAfter` actions the carrier is killed, and the state is not saved. */
  pass(now: Instant, dieAfter = Number.POSITIVE_INFINITY): SchedulePass {
    const seen = {
      runs: [...this.runs.values()],
      manualRequests: this.requests,
      signals: this.signals,
      ...(this.resumeRequestedAt === undefined ? {} : { resumeRequestedAt: this.resumeRequestedAt }),
    }
    const pass = advanceSchedule(this.schedule, this.state, seen, now)
    pass.actions.slice(0, dieAfter).forEach((action) => void this.carryOut(action, now))
    if (pass.actions.length <= dieAfter) this.state = pass.state
    return pass
  }

  /** Passes at each wakeAt up to `until`; every run ends at once as `phase`. */
  runUntil(from: Instant, until: Instant, phase: RunPhase = 'succeeded'): void {
    for (let now: Instant | undefined = from; now !== undefined && now <= until; ) {
      const { wakeAt, actions } = this.pass(now)
      this.endAll(now, phase)
      now = wakeAt ?? (actions.some((action) => action.kind === 'create-run') ? now + 1 : undefined)
    }
  }

  endAll(now: Instant, phase: RunPhase): void {
    for (const run of this.runs.values()) if (run.phase === 'active') this.end(run.name, now, phase)
  }

  end(name: string, now: Instant, phase: RunPhase): void {
    this.runs.set(name, { ...this.runs.get(name)!, phase, finishedAt: now })
  }

  /** Logical dates of the runs created, as text. */
  dates(): string[] {
    return this.created.map((run) => new Date(run.slot.logicalDate).toISOString().slice(0, 16))
  }

  private carryOut(action: ScheduleAction, now: Instant): void {
    if (action.kind === 'prune-run') this.runs.delete(action.name)
    if (action.kind === 'answer-request') {
      this.answers.push(action)
      this.requests = this.requests.filter((request) => request.id !== action.id)
    }
    if (action.kind === 'settle-signals') {
      this.settled.push(...action.settled)
      this.signals = this.signals.filter(({ id }) => !action.settled.some((one) => one.id === id))
    }
    if (action.kind === 'release-run') this.runs.set(action.name, { ...this.runs.get(action.name)!, phase: 'active' })
    if (action.kind === 'create-run' && !this.runs.has(action.run.name)) {
      const { name, kind, logicalDate, held, index, requestId, events } = action.run
      this.created.push(action.run)
      const phase = held ? 'held' : 'active'
      this.runs.set(name, {
        name,
        kind,
        logicalDate,
        phase,
        createdAt: now,
        index,
        ...(requestId ? { requestId } : {}),
        ...(events ? { signals: events.map(({ signal }) => signal) } : {}),
      })
    }
  }
}
