/** The operator's loop over ScheduledRuns and Backfills: informers in, one timer to the next instant, one pass a schedule at a time. */
import { createHash } from 'node:crypto'
import { API_GROUP, API_VERSION } from '../../api/pipeline-run.ts'
import type { KubeClient } from '../../client/kube/client.ts'
import { type Informer, keyOf, startInformer } from '../../client/kube/informer.ts'
import { EVENTS, type KubeObject, PIPELINE_RUNS } from '../../client/kube/resources.ts'
import type { RunFact } from '../../engine/schedule/schedule-state.ts'
import { findTriggerLoop } from '../../engine/schedule/triggers.ts'
import type { ApiWrite } from '../metrics.ts'
import type { PipelineRun, RunView } from '../run-view.ts'
import { watchInputs } from './input-warnings.ts'
import { isOver, reconcileBackfill } from './reconcile-backfill.ts'
import { compileObject, type ReconcilePorts, reconcileSchedule } from './reconcile-schedule.ts'
import {
  BACKFILLS,
  type Backfill,
  SCHEDULE_LABELS,
  SCHEDULED_RUNS,
  type ScheduledRun,
  type SeenRun,
  seeRun,
} from './schedule-objects.ts'
import { nodeOf, type ScheduleTriggers, type TriggerPorts, watchTriggers } from './schedule-triggers.ts'

export interface ScheduleControllerOptions {
  readonly kube: KubeClient
  /** Absent: every namespace. */
  readonly namespace?: string | undefined
  readonly identity: string
  readonly log: (level: 'info' | 'warn' | 'error', message: string, fields?: object) => void
  readonly now?: () => number
  /** Without it triggers do nothing. */
  readonly triggers?: TriggerPorts | undefined
  readonly onWrite?: ((kind: ApiWrite) => void) | undefined
  /** Wait after a pass that failed. @default 2000 */
  readonly retryMillis?: number
}

export interface ScheduleController {
  /** Resolves after the first look at the cluster. */
  readonly synced: Promise<void>
  /** A run of the cluster is over. Resolves when the schedules that listen to it know. */
  runEnded(view: RunView): Promise<void>
  stop(): Promise<void>
}

const RETRY_MILLIS = 2_000
/** Every schedule is looked at so often, whatever was or was not heard of it (rule 14). */
const RESYNC_MILLIS = 30_000
/** setTimeout takes no longer ones. */
const LONGEST_TIMER_MILLIS = 2 ** 31 - 1
/** Passes that create at once; the connection has a bound of its own. */
const WORKERS = 24
/** A status is written so late at most, however much there is to create. */
const LATEST_STATUS_MILLIS = 10_000

export function startScheduleController(options: ScheduleControllerOptions): ScheduleController {
  const controller = new Controller(options)
  return {
    synced: controller.synced,
    runEnded: (view) => controller.runEnded(view),
    stop: () => controller.stop(),
  }
}

class Controller {
  readonly synced: Promise<void>
  readonly #options: ScheduleControllerOptions
  readonly #now: () => number
  readonly #ports: ReconcilePorts
  readonly #triggers: ScheduleTriggers | undefined
  readonly #schedules: Informer<ScheduledRun>
  readonly #backfills: Informer<Backfill>
  readonly #runs: Informer<SeenRun>
  /** Names of the runs of each schedule, so that a pass does not walk through those of all. */
  readonly #runKeys = new Map<string, Set<string>>()
  /** What was written or created and has not come back through an informer. Never older than what the informer has. */
  readonly #written = new Map<string, ScheduledRun>()
  readonly #created = new Map<string, Map<string, RunFact>>()
  readonly #wakeAt = new Map<string, number>()
  readonly #underWay = new Set<string>()
  /** Passes that have not come to their status yet, and those that wait with it until nothing is left to create. */
  #creating = 0
  readonly #waiting = new Set<() => void>()
  #timer: NodeJS.Timeout | undefined
  #ready = false
  #stopped = false

  constructor(options: ScheduleControllerOptions) {
    this.#options = options
    this.#now = options.now ?? Date.now
    const { kube, log } = options
    const wake = (key: string) => this.#wake(key)
    this.#triggers = options.triggers && watchTriggers({ ...options.triggers, kube, log, now: this.#now, wake })
    this.#ports = {
      kube: counted(options.kube, options.onWrite ?? (() => {})),
      now: this.#now,
      timeZoneData: process.versions.tz ?? 'unknown',
      event: (object, type, reason, message) => this.#event(object, type, reason, message),
      beforeSaving: async () => {},
      triggers: this.#triggers,
      loopOf: (object) => this.#loopOf(object),
      inputWarnings: watchInputs(kube, this.#now),
      created: (key, run) => {
        if (!this.#created.has(key)) this.#created.set(key, new Map())
        this.#created.get(key)!.set(run.name, run)
      },
    }
    this.#schedules = this.#watch<ScheduledRun, ScheduledRun>(
      SCHEDULED_RUNS,
      (object) => object,
      (key, _, gone) => {
        this.#written.delete(key)
        if (gone) this.#forget(key)
        else this.#wake(key)
      },
    )
    this.#backfills = this.#watch<Backfill, Backfill>(
      BACKFILLS,
      (object) => object,
      (_key, object) => {
        this.#wake(`${object.metadata.namespace}/${object.spec.scheduleRef?.name}`)
      },
    )
    this.#runs = this.#watch<PipelineRun, SeenRun>(
      PIPELINE_RUNS,
      seeRun,
      (key, run, gone) => this.#runChanged(key, run, gone),
      SCHEDULE_LABELS.schedule,
    )
    this.synced = Promise.all([this.#schedules.synced, this.#backfills.synced, this.#runs.synced]).then(() => {
      // Decisions need all three: a schedule without its runs would look idle.
      this.#ready = true
      this.#arm()
    })
  }

  async stop(): Promise<void> {
    this.#stopped = true
    clearTimeout(this.#timer)
    this.#triggers?.stop()
    this.#letStatusesPass()
    await Promise.all([this.#schedules.stop(), this.#backfills.stop(), this.#runs.stop()])
  }

  async runEnded(view: RunView): Promise<void> {
    if (!this.#triggers) return
    // What listens has to be known: a run that expired while no operator ran is deleted at the first sight of it.
    await this.synced
    for (const object of this.#schedules.values()) {
      if (object.metadata.namespace !== view.namespace) continue
      if (!object.spec.triggers?.some(({ afterRun }) => afterRun !== undefined)) continue
      const { schedule } = compileObject(object)
      if (schedule) await this.#triggers.runEnded(view, object, schedule)
    }
  }

  #loopOf(object: ScheduledRun): string[] | undefined {
    const same = [...this.#schedules.values()].filter(
      ({ metadata }) => metadata.namespace === object.metadata.namespace,
    )
    return findTriggerLoop(nodeOf(object), same.map(nodeOf))
  }

  #watch<T extends KubeObject, S>(
    resource: typeof SCHEDULED_RUNS,
    keep: (object: T) => S,
    onChange: (key: string, kept: S, gone: boolean) => void,
    labelSelector?: string,
  ): Informer<S> {
    const { kube, namespace, log } = this.#options
    const onError = (error: unknown) =>
      log('warn', `watching ${resource.plural}: ${error instanceof Error ? error.message : error}`)
    return startInformer<T, S>({
      client: kube,
      resource,
      selection: { namespace, labelSelector },
      keep,
      onChange,
      onError,
    })
  }

  #runChanged(key: string, run: SeenRun, gone: boolean): void {
    const keys = this.#runKeys.get(run.scheduleKey) ?? new Set()
    if (gone) keys.delete(key)
    else keys.add(key)
    this.#runKeys.set(run.scheduleKey, keys)
    this.#created.get(run.scheduleKey)?.delete(run.name)
    this.#wake(run.scheduleKey)
  }

  #forget(key: string): void {
    this.#wakeAt.delete(key)
    this.#created.delete(key)
    this.#triggers?.forget(key)
  }

  #wake(key: string, at = this.#now()): void {
    this.#wakeAt.set(key, Math.min(at, this.#wakeAt.get(key) ?? Number.POSITIVE_INFINITY))
    this.#arm()
  }

  #arm(): void {
    if (this.#stopped || !this.#ready || this.#creating >= WORKERS) return
    clearTimeout(this.#timer)
    let next = Number.POSITIVE_INFINITY
    for (const [key, at] of this.#wakeAt) if (at < next && !this.#underWay.has(key)) next = at
    const delay = next - this.#now()
    if (delay > 0 && this.#creating === 0) this.#letStatusesPass()
    if (Number.isFinite(next))
      this.#timer = setTimeout(() => this.#begin(), Math.min(LONGEST_TIMER_MILLIS, Math.max(0, delay)))
  }

  #begin(): void {
    const now = this.#now()
    for (const [key, at] of this.#wakeAt) {
      if (this.#creating >= WORKERS) break
      if (at <= now && !this.#underWay.has(key)) void this.#pass(key)
    }
    this.#arm()
  }

  async #pass(key: string): Promise<void> {
    this.#underWay.add(key)
    this.#creating += 1
    this.#wakeAt.delete(key)
    let creating = true
    const created = () => {
      if (creating) this.#creating -= 1
      creating = false
      this.#arm()
    }
    try {
      const wakes = [await this.#passSchedule(key, created), ...(await this.#passBackfills(key))]
      const known = this.#schedules.get(key) !== undefined
      const resync = known ? this.#now() + RESYNC_MILLIS : Number.POSITIVE_INFINITY
      const wakeAt = Math.min(...wakes.map((at) => at ?? Number.POSITIVE_INFINITY), resync)
      if (Number.isFinite(wakeAt)) this.#wake(key, wakeAt)
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      this.#options.log('warn', `a schedule could not be looked at: ${message}`, { schedule: key })
      this.#written.delete(key)
      this.#wake(key, this.#now() + (this.#options.retryMillis ?? RETRY_MILLIS))
    } finally {
      this.#underWay.delete(key)
      created()
    }
  }

  /** Resolves when no schedule is due that was not looked at, or after a while. */
  #afterCreations(): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer)
        this.#waiting.delete(done)
        resolve()
      }
      const timer = setTimeout(done, LATEST_STATUS_MILLIS)
      this.#waiting.add(done)
      this.#arm()
    })
  }

  #letStatusesPass(): void {
    for (const done of [...this.#waiting]) done()
  }

  /** @param created is called when nothing is left to create, before the status is written */
  async #passSchedule(key: string, created: () => void): Promise<number | undefined> {
    const seen = this.#schedules.get(key)
    const object = this.#scheduleOf(key)
    if (!object || object.metadata.deletionTimestamp) return undefined
    const beforeSaving = () => {
      created()
      return this.#afterCreations()
    }
    const runsNow = () => this.#runsOf(key)
    const { wakeAt, written } = await reconcileSchedule({ ...this.#ports, beforeSaving }, object, runsNow)
    // News that came during the pass is of this write, or of a later one.
    if (written && this.#schedules.get(key) === seen) this.#written.set(key, written)
    return wakeAt
  }

  async #passBackfills(key: string): Promise<(number | undefined)[]> {
    const all = [...this.#backfills.values()].filter(
      ({ metadata, spec }) => `${metadata.namespace}/${spec.scheduleRef?.name}` === key,
    )
    const wakes: (number | undefined)[] = []
    for (const backfill of all) {
      if (isOver(backfill) || backfill.metadata.deletionTimestamp) continue
      wakes.push(await reconcileBackfill(this.#ports, backfill, this.#scheduleOf(key), all, this.#runsOf(key)))
    }
    return wakes
  }

  /** Our own last word is newer than the informer's until that has come round. */
  #scheduleOf(key: string): ScheduledRun | undefined {
    const seen = this.#schedules.get(key)
    return seen && (this.#written.get(key) ?? seen)
  }

  #runsOf(key: string): RunFact[] {
    const seen = [...(this.#runKeys.get(key) ?? [])]
      .map((run) => this.#runs.get(run))
      .filter((run) => run !== undefined)
    const fresh = [...(this.#created.get(key)?.values() ?? [])].filter(
      (run) => !seen.some(({ name }) => name === run.name),
    )
    return [...seen, ...fresh]
  }

  #event(object: ScheduledRun, type: string, reason: string, message: string): void {
    const { name, namespace, uid } = object.metadata
    const now = new Date(this.#now()).toISOString().replace(/\.\d+Z$/, 'Z')
    // The same word at the same second is the same event.
    const digest = createHash('sha256').update(`${uid}\0${now}\0${reason}\0${message}`).digest('hex').slice(0, 12)
    const event = {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: `${keyOf(object).split('/').at(-1)}.${digest}`, namespace },
      involvedObject: { apiVersion: `${API_GROUP}/${API_VERSION}`, kind: 'ScheduledRun', name, namespace, uid },
      type,
      reason,
      message: message.slice(0, 1000),
      firstTimestamp: now,
      lastTimestamp: now,
      count: 1,
      source: { component: 'kfp-ts-operator', host: this.#options.identity },
    } as KubeObject
    this.#ports.kube.create(EVENTS, namespace, event).catch(() => {
      // An event that can't be written is a line less in a story; the status has the facts.
    })
  }
}

/** The client with its writes told. */
function counted(kube: KubeClient, tell: (kind: ApiWrite) => void): KubeClient {
  return {
    ...kube,
    create: (resource, ...rest) => {
      tell(resource === EVENTS ? 'event' : 'scheduled-run')
      return kube.create(resource, ...rest)
    },
    patch: (resource, namespace, name, patch, subresource) => {
      tell(subresource === 'status' ? 'schedule-status' : 'other')
      return kube.patch(resource, namespace, name, patch, subresource)
    },
    delete: (...rest) => {
      tell('other')
      return kube.delete(...rest)
    },
  }
}
