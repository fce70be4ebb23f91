/**
 * One active run: journals each event, asks the engine, has its actions carried out. Everything about the run happens here, in order.
 * Before: reconcile.ts starts it. After: carry-out.ts acts, pod-facts.ts brings news, run-status.ts reports.
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { PipelineRunSpec } from '../api/pipeline-run.ts'
import type { FailureCause } from '../api/run-report.ts'
import type { KubeClient } from '../client/kube/client.ts'
import { advance, isFinished, pendingActions, type RunState } from '../engine/index.ts'
import type { Action, JournalRecord, RunConfig, RunEvent, TaskPath } from '../engine/types.ts'
import type { WaitSources } from '../waiting/sources.ts'
import { createWaiter, type Waiter } from '../waiting/waiter.ts'
import type { PodPlaces } from './admission/pod-places.ts'
import { type Attempt, attemptKey, leaveLine } from './attempts.ts'
import { carryOut } from './carry-out.ts'
import { callAt } from './far-timer.ts'
import type { LoadedPipeline } from './load-pipeline.ts'
import type { LogKeeper } from './log-keeper.ts'
import type { OperatorMetrics } from './metrics.ts'
import type { PastTasks } from './past-tasks.ts'
import type { Pod } from './pod/pod-types.ts'
import { podFacts } from './pod-facts.ts'
import { stateAfter } from './replay.ts'
import type { Reuse } from './reuse.ts'
import { JournalOvertakenError } from './run-journal.ts'
import type { RunRecords } from './run-records.ts'
import type { RunStore } from './run-store.ts'
import type { OperatorSettings } from './settings.ts'
import type { StepTracking } from './step-tracking.ts'

/** What every session of an operator shares. */
export interface SessionPorts {
  readonly kube: KubeClient
  readonly records: RunRecords
  readonly store: RunStore
  readonly logs: LogKeeper
  readonly podPlaces: PodPlaces
  /** What waiting tasks look at. */
  readonly waitSources: WaitSources
  /** Where tasks wait for the run before, under dependsOnPast Task. */
  readonly pastTasks: PastTasks
  readonly metrics: OperatorMetrics
  /** Results of the run that a session reuses. */
  readonly openReuse: () => Reuse
  readonly settings: OperatorSettings
  /** Absent: no server to log to. */
  readonly tracking?: StepTracking | undefined
  readonly now: () => number
  /** The pod as the informer knows it. */
  readonly podOf: (namespace: string, name: string) => Pod | undefined
  readonly onTrouble: (run: RunIdentity, error: unknown) => void
}

export interface RunIdentity {
  readonly namespace: string
  readonly name: string
  readonly uid: string
  readonly runId: string
  readonly displayName: string
}

/** The insides of a session, as its helpers see them. */
export interface SessionContext {
  readonly ports: SessionPorts
  readonly run: RunIdentity
  readonly spec: PipelineRunSpec
  readonly pipeline: LoadedPipeline
  readonly config: RunConfig
  readonly reuse: Reuse
  /** Name of the run that each task waits for itself in. */
  readonly previousRun: string | undefined
  readonly attempts: Map<string, Attempt>
  /** Tasks that wait without a pod. */
  readonly waiter: Waiter
  /** OOM kills so far, by task. */
  readonly oomKills: Map<string, number>
  /** Cause of the last failure, by task that has failed. */
  readonly lastCauses: Map<string, FailureCause>
  /** Attempts that the journal knew to have started before this operator did. */
  readonly knownStarted: ReadonlySet<string>
  /** Tasks that follow from an attempt's end, and when its news came: for the measure of decisions. */
  readonly newsOf: Map<TaskPath, number>
  podsCreated: number
  closed: boolean
  tell(event: RunEvent): void
  wakeAt(at: number): void
  /** What people see of the run changed though no event came: something waits. */
  refresh(): void
  /** Set while the run is suspended; resolves when it goes on. No pod is made before. */
  readonly resumed: Promise<void> | undefined
  /** A log is on its way to the store; the run is not said to be over before. */
  keepsLog(kept: Promise<void>): void
}

export interface RunSession {
  readonly run: RunIdentity
  readonly pipeline: LoadedPipeline
  readonly config: RunConfig
  /** The engine's state; changes with every event. */
  readonly state: RunState
  readonly attempts: ReadonlyMap<string, Attempt>
  readonly podsCreated: number
  readonly suspended: boolean
  readonly cancelRequested: boolean
  /** Retries of the whole run that the journal knows. */
  readonly retries: number
  podChanged(pod: Pod, gone: boolean): void
  cancel(reason: string): void
  retry(): void
  suspend(on: boolean): void
  /** Resolves when the logs of attempts that ended are stored, so that pods may go; late ones are not waited for. */
  logsKept(): Promise<void>
  /** Stops listening; pods are left alone. */
  close(): void
}

const LOGS_WITHIN_MILLIS = 5_000

export interface SessionStart {
  readonly ports: SessionPorts
  readonly run: RunIdentity
  readonly spec: PipelineRunSpec
  readonly pipeline: LoadedPipeline
  readonly config: RunConfig
  /** Empty for a new run. */
  readonly journal: readonly JournalRecord[]
  /** Name of the run before it, where each task waits for itself in that one. */
  readonly previousRun?: string | undefined
  /** Pods of the run that exist already. */
  readonly pods: readonly Pod[]
  /** Called after each change. */
  readonly onChange: (session: RunSession) => void
  /** Called when another operator wrote the journal; the session is closed then. */
  readonly onOvertaken: () => void
}

export function startSession(start: SessionStart): RunSession {
  // Nothing below may hold on to "start": a journal can be large.
  const { ports, run, pipeline, config, spec, onChange, onOvertaken, pods } = start
  const isNew = start.journal.length === 0
  const replayed = replay(start)
  let { state, sequence } = replayed
  let inbox: RunEvent[] = []
  let unwritten: { readonly at: number; readonly events: readonly RunEvent[] } | undefined
  let draining = false
  let lastAt = replayed.lastAt
  let noWake = (): void => {}
  let suspension = spec.suspend === true ? Promise.withResolvers<void>() : undefined
  let newsSince: number | undefined

  const logs = new Set<Promise<void>>()
  const context: SessionContext = {
    ports,
    run,
    spec,
    pipeline,
    config,
    reuse: ports.openReuse(),
    previousRun: start.previousRun,
    attempts: new Map(),
    waiter: createWaiter({
      sources: ports.waitSources,
      scope: { namespace: run.namespace },
      emit: (event) => context.tell(event),
    }),
    oomKills: replayed.oomKills,
    newsOf: new Map(),
    lastCauses: replayed.lastCauses,
    knownStarted: replayed.started,
    podsCreated: pods.length,
    closed: false,
    tell(event) {
      if (context.closed) return
      rememberFailure(context, event)
      inbox.push(event)
      void drain()
    },
    wakeAt(at) {
      noWake()
      noWake = callAt(at, ports.now, () => context.tell({ kind: 'clock' }))
    },
    refresh() {
      if (!context.closed) onChange(session)
    },
    get resumed() {
      return suspension?.promise
    },
    keepsLog(kept) {
      logs.add(kept)
      void kept.finally(() => logs.delete(kept))
    },
  }
  const facts = podFacts(context)

  async function drain(): Promise<void> {
    if (draining) return
    draining = true
    try {
      while (inbox.length > 0 && !context.closed) await takeIn()
    } catch (error) {
      // The database refused: nothing was acted on.
      ports.onTrouble(run, error)
      const isOvertaken = error instanceof JournalOvertakenError
      if (isOvertaken) session.close()
      // Else the events stay in line and are tried again.
      setTimeout(() => (isOvertaken ? onOvertaken() : void drain()), 1000).unref()
    } finally {
      draining = false
    }
  }

  async function takeIn(): Promise<void> {
    // A copy: more may come in while these are written. The same at each try: one may have been written without our hearing of it.
    unwritten ??= { at: Math.max(lastAt, ports.now()), events: [...inbox] }
    const { at, events } = unwritten
    await ports.records.append(
      run.runId,
      sequence,
      events.map((event) => ({ at, event })),
    )
    unwritten = undefined
    inbox = inbox.slice(events.length)
    sequence += events.length
    lastAt = at
    if (context.closed) return
    const actions: Action[] = []
    for (const event of events) {
      const next = advance(pipeline.program, state, event, at)
      state = next.state
      actions.push(...next.actions)
    }
    if (newsSince !== undefined && events.some(({ kind }) => kind === 'attempt-finished')) {
      for (const action of actions) if (mayStart(action)) context.newsOf.set(action.task, newsSince)
      newsSince = undefined
    }
    for (const action of actions) {
      if (action.kind !== 'start-attempt' || action.attempt === 1) continue
      ports.metrics.retried(context.lastCauses.get(action.task) ?? 'application')
    }
    for (const action of actions) carryOut(context, action)
    onChange(session)
  }

  const session: RunSession = {
    run,
    pipeline,
    config,
    get state() {
      return state
    },
    attempts: context.attempts,
    get podsCreated() {
      return context.podsCreated
    },
    get suspended() {
      return suspension !== undefined
    },
    get cancelRequested() {
      return replayed.cancelRequested
    },
    get retries() {
      return replayed.retries
    },
    podChanged(pod, gone) {
      if (facts.podChanged(pod, gone)) newsSince ??= ports.now()
    },
    cancel(reason) {
      if (replayed.cancelRequested) return
      replayed.cancelRequested = true
      context.tell({ kind: 'cancel-requested', reason })
    },
    retry() {
      replayed.cancelRequested = false
      replayed.retries++
      context.tell({ kind: 'retry-requested' })
    },
    suspend(on) {
      if (session.suspended === on) return
      // What is about to be given up need not start first.
      if (!replayed.cancelRequested) suspension?.resolve()
      suspension = on ? Promise.withResolvers() : undefined
      if (on)
        for (const attempt of context.attempts.values()) if (attempt.place?.isGranted === false) leaveLine(attempt)
      onChange(session)
    },
    async logsKept() {
      if (logs.size > 0) await Promise.race([Promise.all(logs), delay(LOGS_WITHIN_MILLIS, undefined, { ref: false })])
    },
    close() {
      context.closed = true
      noWake()
      context.waiter.stop()
      facts.close()
    },
  }

  if (isNew) context.tell({ kind: 'started' })
  else if (!isFinished(state)) {
    for (const action of pendingActions(pipeline.program, state, ports.now())) carryOut(context, action)
    for (const pod of pods) session.podChanged(pod, false)
    context.tell({ kind: 'clock' })
  }
  return session
}

/** What leads to a pod, unless the cache has the result. */
const mayStart = (action: Action): action is Extract<Action, { kind: 'start-attempt' | 'look-up-cache' }> =>
  action.kind === 'start-attempt' || action.kind === 'look-up-cache'

/** Rebuilds the state from the journal; actions of the past are not carried out again. */
export function replay({ pipeline, config, journal }: Pick<SessionStart, 'pipeline' | 'config' | 'journal'>) {
  const started = new Set<string>()
  const failures = { oomKills: new Map<string, number>(), lastCauses: new Map<string, FailureCause>() }
  let cancelRequested = false
  let retries = 0
  let lastAt = 0
  const state = stateAfter(pipeline.program, config, journal, ({ at, event }) => {
    lastAt = at
    if (event.kind === 'attempt-started') started.add(attemptKey(event.task, event.attempt))
    if (event.kind === 'cancel-requested') cancelRequested = true
    if (event.kind === 'retry-requested') {
      cancelRequested = false
      retries++
    }
    rememberFailure(failures, event)
  })
  return { state, started, ...failures, cancelRequested, retries, lastAt, sequence: journal.length }
}

function rememberFailure(
  { oomKills, lastCauses }: Pick<SessionContext, 'oomKills' | 'lastCauses'>,
  event: RunEvent,
): void {
  if (event.kind !== 'attempt-finished' || event.result.outcome !== 'failed') return
  const { cause } = event.result.failure
  lastCauses.set(event.task, cause)
  if (cause === 'oom') oomKills.set(event.task, (oomKills.get(event.task) ?? 0) + 1)
}
