/** The operator: watches runs and pods, starts what may start, hands news to sessions. The wiring; decisions are elsewhere. */

import { isFinalPhase, LABELS, type PipelineRunStatus } from '../api/pipeline-run.ts'
import type { TaskStateWord } from '../api/run-report.ts'
import type { KubeClient } from '../client/kube/client.ts'
import { type Informer, startInformer } from '../client/kube/informer.ts'
import { PIPELINE_RUNS, PODS } from '../client/kube/resources.ts'
import { isNotFound } from '../client/kube/transport.ts'
import { isFinished } from '../engine/index.ts'
import { pastTaskState } from '../store/metadata/past-tasks.ts'
import type { WaitSources } from '../waiting/sources.ts'
import { type ActiveRun, activeRun } from './active-run.ts'
import { createPodPlaces } from './admission/pod-places.ts'
import { createSemaphores } from './admission/semaphores.ts'
import { backOff } from './back-off.ts'
import { createEventRecorder } from './events.ts'
import { createPipelineLoader } from './load-pipeline.ts'
import { createLogKeeper } from './log-keeper.ts'
import type { OperatorMetrics } from './metrics.ts'
import { watchForMissedDeletions } from './missed-deletions.ts'
import { watchForOpenRecords } from './open-records.ts'
import { createPastTasks } from './past-tasks.ts'
import type { Pod } from './pod/pod-types.ts'
import { openReuse } from './reuse.ts'
import { createRunDeletion } from './run-deletion.ts'
import { createRunEnds, FINALIZER } from './run-end.ts'
import { createRunNews, type RunNewsOptions } from './run-news.ts'
import { createRunPods } from './run-pods.ts'
import { createRunQueue } from './run-queue.ts'
import type { RunRecords } from './run-records.ts'
import { planRetry, retriesAtEnd } from './run-retries.ts'
import type { RunIdentity, RunSession, SessionPorts } from './run-session.ts'
import type { RunStore } from './run-store.ts'
import { isOver, type PipelineRun, type RunView, slimPod, viewRun } from './run-view.ts'
import type { OperatorSettings } from './settings.ts'
import { locksOf, startRun } from './start-run.ts'
import { createStatusWriter } from './status-writer.ts'
import type { StepTracking } from './step-tracking.ts'

export interface OperatorOptions {
  readonly kube: KubeClient
  readonly records: RunRecords
  readonly store: RunStore
  readonly settings: OperatorSettings
  /** What waiting tasks look at, besides other runs. */
  readonly waits: Omit<WaitSources, 'run'>
  /** Looks up a run that the cluster no longer has. */
  readonly recordedRun: RunNewsOptions['recorded']
  /** State of a task by the record of its run that is over. */
  readonly recordedTask: (runId: string, task: string) => Promise<TaskStateWord | undefined>
  readonly metrics: OperatorMetrics
  readonly tracking?: StepTracking | undefined
  /** A run is over; it is not deleted before this resolves. */
  readonly onEnded?: ((view: RunView) => Promise<void>) | undefined
  readonly log: (level: 'info' | 'warn' | 'error', message: string, fields?: object) => void
  readonly now?: () => number
}

export interface Operator {
  /** Resolves after the first look at the cluster. */
  readonly synced: Promise<void>
  counts(): {
    queued: number
    active: number
    podsInFlight: number
    podsWaiting: number
    /** Phase to pods that are there. */
    pods: Record<string, number>
  }
  /** Runs that are over and still there. */
  endedRuns(): RunView[]
  /** Stops acting; pods go on, another operator takes over. */
  stop(): Promise<void>
}

interface Active {
  readonly view: RunView
  session?: RunSession
  tracker?: ActiveRun
}

/** How often runs whose pods wait in line are looked at again: their place changes without news of their own. */
const LINE_MILLIS = 5_000

export function startOperator(options: OperatorOptions): Operator {
  const { kube, records, store, settings, metrics, log } = options
  const now = options.now ?? Date.now
  const podPlaces = createPodPlaces(settings.limits, now)
  const runPods = createRunPods()
  const active = new Map<string, Active>()
  const trouble = (run: RunIdentity, error: unknown): void =>
    log('warn', error instanceof Error ? error.message : String(error), { run: `${run.namespace}/${run.name}` })
  const warn = (what: string) => (error: unknown) =>
    log('warn', `${what}: ${error instanceof Error ? error.message : error}`)
  const statuses = createStatusWriter(kube, () => metrics.apiWrite('status'), warn('a status could not be written'))
  const events = createEventRecorder(kube, settings.identity, () => metrics.apiWrite('event'))
  const logs = createLogKeeper({ kube, store })
  const graceSeconds = settings.pods.terminationGraceSeconds
  const deletion = createRunDeletion({ kube, store, records, podsOf: runPods.of, graceSeconds, onTrouble: trouble })
  const ends = createRunEnds({
    kube,
    current: (view) => currentOf(view),
    onEnded: async (view) => await options.onEnded?.(view),
    now,
    onTrouble: trouble,
  })
  const loader = createPipelineLoader(kube)
  const semaphores = createSemaphores({ kube, namespace: settings.namespace, onError: warn('watching ConfigMaps') })
  const queue = createRunQueue({
    limits: settings.limits,
    semaphores,
    now,
    start: (view) => void start(view),
    write: (view, status) => {
      refuse(view, status)
      return statuses.write(view, { phase: view.phase }, status)
    },
    onTrouble: trouble,
  })
  let runs: Informer<RunView> | undefined
  const runsKnown = Promise.withResolvers<void>()
  const runNews = createRunNews({
    kube,
    synced: runsKnown.promise,
    known: () => runs?.values() ?? [],
    recorded: options.recordedRun,
  })
  const pastTasks = createPastTasks({
    stateOf: async (namespace, name, task) => {
      await runsKnown.promise
      const view = runs?.get(`${namespace}/${name}`)
      if (!view || view.deleting) return undefined
      const state = active.get(view.uid)?.session?.state
      if (state) return pastTaskState(state.state, state.tasks[task]?.state)
      if (!isOver(view)) return 'PENDING'
      const recorded = await options.recordedTask(view.runId, task)
      // A run that was refused has no tasks, and may have no record.
      return recorded ?? (view.phase === 'Succeeded' ? undefined : 'FAILED')
    },
    onTrouble: warn('the run before could not be looked at'),
  })
  let stopped = false
  const lineTimer = setInterval(() => {
    for (const uid of podPlaces.waitingRuns()) retell(uid)
  }, LINE_MILLIS).unref()

  const pods = startInformer<Pod, Pod>({
    client: kube,
    resource: PODS,
    selection: { namespace: settings.namespace, labelSelector: LABELS.run },
    keep: slimPod,
    onChange: (_key, pod, gone) => podChanged(pod, gone),
    onError: warn('watching pods'),
  })
  const ports: SessionPorts = {
    kube,
    records,
    store,
    logs,
    podPlaces,
    pastTasks,
    waitSources: { ...options.waits, run: runNews.watch },
    metrics,
    openReuse: () => openReuse({ records, loader, store }),
    settings,
    tracking: options.tracking,
    now,
    podOf: (namespace, name) => pods.get(`${namespace}/${name}`),
    onTrouble: trouble,
  }
  const starter = { kube, loader, ports, podsOf: runPods.of }
  const synced = watchRuns()

  /** Runs are looked at only when the pods are known: a resumed run compares its journal with them. */
  async function watchRuns(): Promise<void> {
    await pods.synced
    if (stopped) return
    runs = startInformer<PipelineRun, RunView>({
      client: kube,
      resource: PIPELINE_RUNS,
      selection: { namespace: settings.namespace, labelSelector: settings.runSelector },
      keep: viewRun,
      onChange: (_key, view, gone) => runChanged(view, gone),
      onError: warn('watching runs'),
      pageSize: 100,
    })
    await runs.synced
    runsKnown.resolve()
    queue.open()
    void watchForMissed(runs)
    void watchForOpenRecords({
      kube,
      loader,
      records,
      ended: () => endedRuns().filter(({ uid }) => !active.has(uid)),
      isStopped: () => stopped,
      onTrouble: warn('looking for records without an end'),
    })
  }

  async function watchForMissed(known: Informer<RunView>): Promise<void> {
    await watchForMissedDeletions({
      kube,
      records,
      namespace: settings.namespace,
      known: () => new Set([...known.values()].map(({ runId }) => runId)),
      async onGone(run) {
        log('info', 'it was deleted while nobody watched', { run: `${run.namespace}/${run.name}` })
        const went = deletion.gone(run).then(() => runNews.gone(run))
        // Pods may take long to go, and others need not wait for them.
        if (!runPods.has(run.uid)) await went
      },
      isStopped: () => stopped,
      onTrouble: warn('looking for runs that were deleted unseen'),
    })
  }

  function podChanged(pod: Pod, gone: boolean): void {
    const uid = runPods.changed(pod, gone)
    if (uid === undefined) return
    deletion.podsChanged(uid)
    active.get(uid)?.session?.podChanged(pod, gone)
  }

  function runChanged(view: RunView, gone: boolean): void {
    const startedAt = performance.now()
    if (!gone) runNews.changed(view)
    pastTasks.changed(view.namespace, view.name)
    if (gone || !isOver(view)) ends.withdraw(view.uid)
    if (gone || view.deleting) ended(view, gone)
    else if (isOver(view)) {
      if (!active.has(view.uid)) queue.leave(view.uid)
      ends.over(view)
    } else if (active.has(view.uid)) obey(active.get(view.uid)!, view)
    else if (isGoingOn(view)) queue.resume(view)
    else queue.offer(view)
    metrics.reconciled(performance.now() - startedAt)
  }

  function retell(uid: string): void {
    const { tracker, session } = active.get(uid) ?? {}
    if (session) tracker?.changed(session)
  }

  function obey(entry: Active, view: RunView): void {
    active.set(view.uid, Object.assign(entry, { view }))
    if (view.cancel) entry.session?.cancel('spec.cancel was set')
    entry.session?.suspend(view.suspend)
  }

  function ended(view: RunView, gone: boolean): void {
    const entry = active.get(view.uid)
    entry?.tracker?.close()
    entry?.session?.close()
    active.delete(view.uid)
    queue.leave(view.uid)
    if (gone) void deletion.left(view).then(() => runNews.gone(view))
    else deletion.marked(view)
  }

  /** Clients of a server wait for the end of the record. */
  function refuse(view: RunView, { phase, message = '' }: PipelineRunStatus): void {
    if (!isFinalPhase(phase)) return
    const [state, code] =
      phase === 'Canceled' ? (['CANCELED', 'canceled'] as const) : (['FAILED', 'configuration'] as const)
    records.refuse(view, state, { code, message }).catch((error) => trouble(view, error))
  }

  async function start(view: RunView): Promise<void> {
    const entry: Active = { view }
    active.set(view.uid, entry)
    for (let failures = 0; !stopped && active.get(view.uid) === entry; failures++) {
      try {
        if (await tryStart(entry)) return
      } catch (error) {
        if (isNotFound(error)) return release(view)
        trouble(view, error)
        await backOff(failures)
      }
    }
  }

  /** False when it has to be tried again. */
  async function tryStart(entry: Active): Promise<boolean> {
    const { view } = entry
    if (view.deletesArtifacts && !view.finalizers.includes(FINALIZER)) {
      const finalizers = [...view.finalizers, FINALIZER]
      await kube.patch(PIPELINE_RUNS, view.namespace, view.name, { metadata: { finalizers } })
    }
    await queue.quiet(view.uid)
    const result = await startRun(starter, view, {
      onChange: (session) => {
        entry.tracker?.changed(session)
        pastTasks.changed(view.namespace, view.name)
      },
      onOvertaken() {
        entry.tracker?.close()
        if (!stopped && active.get(view.uid) === entry) void start(entry.view)
      },
      isFree: (locks) => queue.lock(view, locks),
    })
    if (result.kind === 'held') {
      active.delete(view.uid)
      // News of it came to the run that was about to start, such as a cancel.
      queue.offer(entry.view)
      return true
    }
    if (result.kind === 'gone') {
      release(view)
      return true
    }
    if (result.kind === 'refused') {
      await statuses.write(view, result.before, result.status)
      events.record(view, 'Warning', result.status.reason ?? 'Invalid', result.status.message ?? '')
      refuse(view, result.status)
      release(view, result.status.retryCount)
      return true
    }
    queue.relock(view, locksOf(result.session.pipeline))
    if (stopped || active.get(view.uid) !== entry) {
      result.session.close()
      return true
    }
    takeUp(entry, result.session, result.status)
    return true
  }

  function takeUp(entry: Active, session: RunSession, lastStatus: PipelineRunStatus | undefined): void {
    const { view } = entry
    const plan = planRetry(view, { isFinished: isFinished(session.state), retries: session.retries })
    entry.session = session
    entry.tracker = activeRun({
      statuses,
      records,
      events,
      intervalMillis: settings.statusIntervalMillis,
      recordMillis: settings.recordIntervalMillis ?? 5_000,
      now,
      lastStatus,
      observed: () => ({ generation: entry.view.generation, retryCount: retriesAtEnd(entry.view, plan) }),
      onFinished: ({ retryCount }) => release(entry.view, retryCount),
      onTrouble: (error) => trouble(session.run, error),
    })
    if (plan.begins) {
      session.retry()
      return
    }
    obey(entry, view)
    for (const pod of starter.podsOf(view.uid)) session.podChanged(pod, false)
    entry.tracker.changed(session)
  }

  function release(view: RunView, retriesDone = view.retryCount): void {
    const entry = active.get(view.uid)
    entry?.tracker?.close()
    entry?.session?.close()
    active.delete(view.uid)
    queue.leave(view.uid)
    const current = currentOf(view)
    // News of another retry came while it was active, and perhaps no other will.
    if (current && current.retryCount > retriesDone) runChanged(current, false)
  }

  function endedRuns(): RunView[] {
    return [...(runs?.values() ?? [])].filter(isOver)
  }

  function currentOf(view: RunView): RunView | undefined {
    const current = runs?.get(view.key)
    return current?.uid === view.uid ? current : undefined
  }

  return {
    synced,
    endedRuns,
    counts: () => ({
      queued: queue.size,
      active: active.size,
      podsInFlight: podPlaces.inside,
      podsWaiting: podPlaces.waiting,
      pods: runPods.phases(),
    }),
    async stop() {
      stopped = true
      clearInterval(lineTimer)
      queue.stop()
      ends.stop()
      logs.stop()
      for (const { tracker, session } of active.values()) {
        tracker?.close()
        session?.close()
      }
      await Promise.all([pods.stop(), runs?.stop(), semaphores.stop()])
    },
  }
}

/** An operator took it up before: it goes on whatever the limits are now. One that was suspended from the start was not. */
const isGoingOn = ({ phase, startedAt }: RunView): boolean =>
  startedAt !== undefined && (phase === 'Running' || phase === 'Paused' || phase === 'Canceling')
