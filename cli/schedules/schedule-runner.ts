/** The loop behind `kfp-ts serve` that makes runs of schedules: one timer to the next instant, woken by changes and ends of runs. */
import { compileSchedule } from '../../engine/schedule/compile-schedule.ts'
import type { Services } from '../../server/context.ts'
import type { Schedules } from '../../server/schedules.ts'
import { signalFingerprint } from '../../store/metadata/ended-runs.ts'
import { type FullSchedule, listSchedules, scheduleFingerprint } from '../../store/metadata/schedules.ts'
import { calledSchedule } from './called-schedule.ts'
import { passOverSchedule } from './schedule-pass.ts'
import { specOfRow } from './schedule-row.ts'
import { checkRequest } from './start-planned-run.ts'

export interface ScheduleRunner extends Schedules {
  /** Looks at everything that is due now; resolves when it is done. For tests and for a clean start. */
  settle(): Promise<void>
  /** Creates no more runs. Resolves when the pass under way is over. */
  stop(): Promise<void>
}

/** How often the table is asked whether another process changed it (rule 14: the safety net under the timers). */
const LOOK_MILLIS = 1000
/** How often places in a store are looked at for triggers. */
const POLL_MILLIS = 5_000
/** How often every schedule is looked at, whatever was or was not heard of it. */
const RESYNC_MILLIS = 30_000

export const checkSchedule: Schedules['check'] = (spec, now) =>
  compileSchedule('schedule', { ...spec, runTemplate: { pipelineRef: { name: 'pipeline' } } }, now).issues

/** @param services Asked for at the first pass, when the server is complete. */
export function startScheduleRunner(services: () => Services): ScheduleRunner {
  const runner = new Runner(services)
  return {
    check: checkSchedule,
    changed: () => runner.lookAtAll(),
    checkRequest: (row, asked) => checkRequest(services(), row, asked),
    called: (namespace, name) => calledSchedule(services(), namespace, name),
    settle: () => runner.settle(),
    stop: () => runner.stop(),
  }
}

const isResource = (row: FullSchedule): boolean =>
  (JSON.parse(row.runtime_config) as { resource?: boolean }).resource === true

class Runner {
  readonly #services: () => Services
  readonly #wakeAt = new Map<string, number>()
  readonly #watched = new Map<string, () => void>()
  /** Schedules with triggers, and those of them that look at a place again and again. */
  readonly #listening = new Map<string, { readonly polls: boolean }>()
  #signalPrint = ''
  #polledAt = 0
  #all = true
  #fingerprint = ''
  #allLookedAt = 0
  #timer: NodeJS.Timeout | undefined
  #working: Promise<void> | undefined
  #stopped = false

  constructor(services: () => Services) {
    this.#services = services
    this.#arm(0)
  }

  lookAtAll(): void {
    this.#all = true
    this.#arm(0)
  }

  async settle(): Promise<void> {
    await this.#working
    this.#all = true
    await this.#work()
  }

  async stop(): Promise<void> {
    this.#stopped = true
    clearTimeout(this.#timer)
    for (const off of this.#watched.values()) off()
    await this.#working
  }

  #arm(delayMillis: number): void {
    if (this.#stopped) return
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => void this.#work(), delayMillis)
    this.#timer.unref()
  }

  async #work(): Promise<void> {
    if (this.#working) return
    this.#working = this.#passes()
    try {
      await this.#working
    } catch (error) {
      this.#services().logger.error({ err: error }, 'schedules could not be looked at; trying again')
    } finally {
      this.#working = undefined
      this.#arm(this.#delay())
    }
  }

  /** Until the next instant, at most until the next look at the table. */
  #delay(): number {
    if (this.#all) return 0
    const next = Math.min(...this.#wakeAt.values())
    return Math.max(0, Math.min(LOOK_MILLIS, next - this.#services().metadata.now()))
  }

  async #passes(): Promise<void> {
    const { metadata, logger } = this.#services()
    const fingerprint = await scheduleFingerprint(metadata.db)
    const now = metadata.now()
    await this.#listen(now)
    const all = this.#all || fingerprint !== this.#fingerprint || Math.abs(now - this.#allLookedAt) >= RESYNC_MILLIS
    if (!all && ![...this.#wakeAt.values()].some((at) => at <= now)) return
    this.#all = false
    this.#fingerprint = fingerprint
    if (all) this.#allLookedAt = now
    // Those that are resources of a cluster are carried out by its operator.
    const rows = (await listSchedules(metadata.db)).filter((row) => !isResource(row))
    const known = new Set(rows.map((row) => row.recurring_run_id))
    for (const id of this.#wakeAt.keys()) if (!known.has(id)) this.#wakeAt.delete(id)
    for (const id of this.#listening.keys()) if (!known.has(id)) this.#listening.delete(id)
    for (const row of rows) {
      if (this.#stopped) return
      if (!all && (this.#wakeAt.get(row.recurring_run_id) ?? Number.POSITIVE_INFINITY) > now) continue
      await this.#pass(row).catch((error) =>
        logger.error({ err: error, schedule: row.name }, 'a schedule could not be looked at'),
      )
    }
  }

  /** Schedules with triggers are looked at when something happened that one of them may wait for. */
  async #listen(now: number): Promise<void> {
    if (this.#listening.size === 0) return
    const print = await signalFingerprint(this.#services().metadata.db)
    const polls = Math.abs(now - this.#polledAt) >= POLL_MILLIS
    if (polls) this.#polledAt = now
    for (const [id, listening] of this.#listening) {
      if (print !== this.#signalPrint || (polls && listening.polls)) this.#wakeAt.set(id, now)
    }
    this.#signalPrint = print
  }

  async #pass(row: FullSchedule): Promise<void> {
    const id = row.recurring_run_id
    this.#wakeAt.delete(id)
    const { triggers = [] } = specOfRow(row)
    if (triggers.length === 0) this.#listening.delete(id)
    else this.#listening.set(id, { polls: triggers.some(({ artifact }) => artifact?.uri !== undefined) })
    const { wakeAt, unfinished } = await passOverSchedule(this.#services(), row)
    // A run may have ended during the pass and asked for another one.
    const asked = this.#wakeAt.get(id) ?? Number.POSITIVE_INFINITY
    if (wakeAt !== undefined) this.#wakeAt.set(id, Math.min(asked, wakeAt))
    for (const runId of unfinished) this.#watch(id, runId)
  }

  /** The end of a run may free a slot or open a gate: its schedule is looked at again. */
  #watch(id: string, runId: string): void {
    if (this.#watched.has(runId)) return
    const off = this.#services().events.subscribe(runId, () => {
      off()
      this.#watched.delete(runId)
      this.#wakeAt.set(id, this.#services().metadata.now())
      this.#arm(0)
    })
    this.#watched.set(runId, off)
  }
}
