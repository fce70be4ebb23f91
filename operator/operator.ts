/** The operator: watches runs and pods, starts what may start, hands news to sessions. The wiring; decisions are elsewhere. */
import { isFinalPhase, LABELS, type PipelineRunStatus } from '../api/pipeline-run.ts'
import type { KubeClient } from '../client/kube/client.ts'
import { type Informer, startInformer } from '../client/kube/informer.ts'
import { PIPELINE_RUNS, PODS } from '../client/kube/resources.ts'
import { isNotFound } from '../client/kube/transport.ts'
import { type ActiveRun, activeRun } from './active-run.ts'
import { admit } from './admission.ts'
import { createEventRecorder } from './events.ts'
import { createGate } from './gate.ts'
import { createPipelineLoader } from './load-pipeline.ts'
import { createLogKeeper } from './log-keeper.ts'
import type { OperatorMetrics } from './metrics.ts'
import type { Pod } from './pod/pod-types.ts'
import { openReuse } from './reuse.ts'
import { cleanUpDeleted, deleteExpired, FINALIZER } from './run-end.ts'
import type { RunRecords } from './run-records.ts'
import type { RunIdentity, RunSession, SessionPorts } from './run-session.ts'
import { unstartedStatus } from './run-status.ts'
import type { RunStore } from './run-store.ts'
import { type PipelineRun, type RunView, slimPod, viewRun } from './run-view.ts'
import type { OperatorSettings } from './settings.ts'
import { startRun } from './start-run.ts'
import { createStatusWriter } from './status-writer.ts'

export interface OperatorOptions {
  readonly kube: KubeClient
  readonly records: RunRecords
  readonly store: RunStore
  readonly settings: OperatorSettings
  readonly metrics: OperatorMetrics
  readonly log: (level: 'info' | 'warn' | 'error', message: string, fields?: object) => void
  readonly now?: () => number
}

export interface Operator {
  /** Resolves after the first look at the cluster. */
  readonly synced: Promise<void>
  counts(): { queued: number; active: number; podsInFlight: number; podsWaiting: number }
  /** Stops acting; pods go on, another operator takes over. */
  stop(): Promise<void>
}

interface Active {
  readonly view: RunView
  session?: RunSession
  tracker?: ActiveRun
}

/** Runs that end together wake the queue once. */
const PUMP_MILLIS = 20
/** A run that starts within this time is not reported as queued. */
const QUEUED_AFTER_MILLIS = 2_000

export function startOperator(options: OperatorOptions): Operator {
  const { kube, records, store, settings, metrics, log } = options
  const now = options.now ?? Date.now
  const podPlaces = createGate(settings.limits.pods)
  const podsByRun = new Map<string, Map<string, Pod>>()
  const active = new Map<string, Active>()
  const waiting = new Map<string, RunView>()
  const reported = new Set<string>()
  const trouble = (run: RunIdentity, error: unknown): void =>
    log('warn', error instanceof Error ? error.message : String(error), { run: `${run.namespace}/${run.name}` })
  const statuses = createStatusWriter(
    kube,
    () => metrics.apiWrite('status'),
    (error) => log('warn', `a status could not be written: ${error instanceof Error ? error.message : error}`),
  )
  const events = createEventRecorder(kube, settings.identity, () => metrics.apiWrite('event'))
  const logs = createLogKeeper({ kube, store })
  const loader = createPipelineLoader(kube)
  let runs: Informer<RunView>
  let stopped = false
  let pumpTimer: NodeJS.Timeout | undefined

  const pods = startInformer<Pod, Pod>({
    client: kube,
    resource: PODS,
    selection: { namespace: settings.namespace, labelSelector: LABELS.run },
    keep: slimPod,
    onChange: (_key, pod, gone) => podChanged(pod, gone),
    onError: (error) => log('warn', `watching pods: ${error instanceof Error ? error.message : error}`),
  })
  const ports: SessionPorts = {
    kube,
    records,
    store,
    logs,
    podPlaces,
    metrics,
    openReuse: () => openReuse({ records, loader, store }),
    settings,
    now,
    podOf: (namespace, name) => pods.get(`${namespace}/${name}`),
    onTrouble: trouble,
  }
  const starter = { kube, loader, ports, podsOf: (uid: string) => [...(podsByRun.get(uid)?.values() ?? [])] }
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
      onError: (error) => log('warn', `watching runs: ${error instanceof Error ? error.message : error}`),
      pageSize: 100,
    })
    await runs.synced
  }

  function podChanged(pod: Pod, gone: boolean): void {
    const uid = pod.metadata.labels?.[LABELS.run]
    if (!uid) return
    const ofRun = podsByRun.get(uid) ?? new Map<string, Pod>()
    if (gone) ofRun.delete(pod.metadata.name)
    else ofRun.set(pod.metadata.name, pod)
    if (ofRun.size > 0) podsByRun.set(uid, ofRun)
    else podsByRun.delete(uid)
    active.get(uid)?.session?.podChanged(pod, gone)
  }

  function runChanged(view: RunView, gone: boolean): void {
    const startedAt = performance.now()
    if (gone || view.deleting) ended(view, gone)
    else if (isOver(view)) {
      waiting.delete(view.key)
      deleteExpired({ kube, view, now, onTrouble: (error) => trouble(view, error) })
    } else if (active.has(view.uid)) obey(active.get(view.uid)!, view)
    else {
      waiting.set(view.key, view)
      pump()
    }
    metrics.reconciled(performance.now() - startedAt)
  }

  const isOver = (view: RunView): boolean => isFinalPhase(view.phase) && view.retryCount <= view.retriesDone

  function obey(entry: Active, view: RunView): void {
    active.set(view.uid, Object.assign(entry, { view }))
    if (view.cancel) entry.session?.cancel('spec.cancel was set')
    entry.session?.suspend(view.suspend)
  }

  function ended(view: RunView, gone: boolean): void {
    waiting.delete(view.key)
    reported.delete(view.uid)
    const entry = active.get(view.uid)
    entry?.tracker?.close()
    entry?.session?.close()
    active.delete(view.uid)
    pump()
    if (!gone) cleanUpDeleted({ kube, store, records, view, onTrouble: (error) => trouble(view, error) })
    else records.delete(view.uid).catch((error) => trouble(view, error))
  }

  function pump(): void {
    pumpTimer ??= setTimeout(() => {
      pumpTimer = undefined
      if (!stopped) startWaiting()
    }, PUMP_MILLIS)
  }

  function startWaiting(): void {
    const queue = [...waiting.values()].filter((view) => !settledInQueue(view))
    // A run that was started before goes on whatever the limits are now.
    const resumed = queue.filter(wasStarted)
    for (const view of resumed) void start(view)
    const fresh = queue.filter((view) => !wasStarted(view))
    const admission = admit(
      fresh,
      [...active.values()].map(({ view }) => view),
      settings.limits,
    )
    for (const key of admission.start) void start(waiting.get(key)!)
    for (const [key, reason] of admission.waiting) reportQueued(waiting.get(key)!, reason)
  }

  /** Runs that are canceled, suspended or too late before they ever started. */
  function settledInQueue(view: RunView): boolean {
    if (wasStarted(view)) return false
    const late = view.queueSeconds !== undefined && now() - view.createdAt > view.queueSeconds * 1000
    if (!view.cancel && !late) {
      if (view.suspend) reportQueued(view, 'spec.suspend is true', 'Paused')
      return view.suspend
    }
    waiting.delete(view.key)
    const status = unstartedStatus(
      view.cancel ? 'Canceled' : 'Failed',
      view.cancel ? 'Canceled' : 'QueueTimeout',
      view.cancel ? 'canceled before it started' : `it waited longer than ${view.queueSeconds} s for its start`,
      { now: now(), observedGeneration: view.generation },
    )
    void statuses.write(view, { phase: view.phase }, status)
    return true
  }

  function reportQueued(view: RunView, reason: string, phase: 'Queued' | 'Paused' = 'Queued'): void {
    if (reported.has(view.uid)) return
    reported.add(view.uid)
    const timer = setTimeout(() => {
      const current = waiting.get(view.key)
      if (!current || current.uid !== view.uid || stopped) return
      const status = unstartedStatus(phase, phase === 'Paused' ? 'Suspended' : 'Queued', reason, {
        now: now(),
        observedGeneration: view.generation,
      })
      void statuses.write(view, { phase: current.phase }, status)
      if (view.queueSeconds !== undefined) {
        setTimeout(pump, Math.max(0, view.createdAt + view.queueSeconds * 1000 - now()) + 100).unref()
      }
    }, QUEUED_AFTER_MILLIS)
    timer.unref()
  }

  async function start(view: RunView): Promise<void> {
    waiting.delete(view.key)
    const entry: Active = { view }
    active.set(view.uid, entry)
    for (let failures = 0; !stopped && active.get(view.uid) === entry; failures++) {
      try {
        if (await tryStart(entry)) return
      } catch (error) {
        if (isNotFound(error)) return release(view)
        trouble(view, error)
        await new Promise((resolve) => setTimeout(resolve, Math.min(15_000, 500 * 2 ** failures)))
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
    const result = await startRun(starter, view, (session) => entry.tracker?.changed(session))
    if (result.kind === 'gone') {
      release(view)
      return true
    }
    if (result.kind === 'refused') {
      await statuses.write(view, result.before, result.status)
      events.record(view, 'Warning', result.status.reason ?? 'Invalid', result.status.message ?? '')
      release(view)
      return true
    }
    if (stopped || active.get(view.uid) !== entry) {
      result.session.close()
      return true
    }
    takeUp(entry, result.session, result.status)
    return true
  }

  function takeUp(entry: Active, session: RunSession, lastStatus: PipelineRunStatus | undefined): void {
    entry.session = session
    entry.tracker = activeRun({
      statuses,
      records,
      events,
      intervalMillis: settings.statusIntervalMillis,
      now,
      lastStatus,
      observed: () => ({ generation: entry.view.generation, retryCount: entry.view.retryCount }),
      onFinished: () => release(entry.view),
      onTrouble: (error) => trouble(session.run, error),
    })
    const { view } = entry
    // The journal tells whether a retry that the status does not show yet was begun before.
    if (isFinalPhase(view.phase) && view.retryCount > Math.max(view.retriesDone, session.retries)) {
      session.retry()
      return
    }
    obey(entry, view)
    for (const pod of starter.podsOf(view.uid)) session.podChanged(pod, false)
    entry.tracker.changed(session)
  }

  function release(view: RunView): void {
    const entry = active.get(view.uid)
    entry?.tracker?.close()
    entry?.session?.close()
    active.delete(view.uid)
    reported.delete(view.uid)
    const current = runs.get(view.key)
    // A change that came while it was active, such as another retry, is looked at now.
    if (current && current.uid === view.uid && current.generation > view.generation) runChanged(current, false)
    pump()
  }

  return {
    synced,
    counts: () => ({
      queued: waiting.size,
      active: active.size,
      podsInFlight: podPlaces.inside,
      podsWaiting: podPlaces.waiting,
    }),
    async stop() {
      stopped = true
      clearTimeout(pumpTimer)
      logs.stop()
      for (const { tracker, session } of active.values()) {
        tracker?.close()
        session?.close()
      }
      await Promise.all([pods.stop(), runs?.stop()])
    },
  }
}

/** The operator took it up before: its limits were passed then. A run that was suspended from the start was not. */
const wasStarted = ({ phase, startedAt }: RunView): boolean =>
  startedAt !== undefined && (phase === 'Running' || phase === 'Paused' || phase === 'Canceling' || isFinalPhase(phase))
