/** News of a run's pods to events of its attempts: running, over with outputs or a cause, lost. After: the session journals them. */

import { LABELS, TASK_PATH_ANNOTATION } from '../api/pipeline-run.ts'
import type { FailureCause } from '../api/run-report.ts'
import { PODS } from '../client/kube/resources.ts'
import { isNotFound, isTransient } from '../client/kube/transport.ts'
import { collectOutputs } from '../engine/index.ts'
import type { AttemptFailure, AttemptResult } from '../engine/types.ts'
import { type Attempt, attemptKey, keepWaiting, noGrace, noRemoval, settle } from './attempts.ts'
import { backOff } from './back-off.ts'
import { imported } from './import-artifact.ts'
import type { Pod } from './pod/pod-types.ts'
import { imageDigest, isPublished, type PodFact, readPod } from './pod/read-pod.ts'
import { lastWarning } from './pod-events.ts'
import type { SessionContext } from './run-session.ts'

/** Beyond its grace a pod that does not go belongs to a node that is gone. */
export const LEAVE_MARGIN_MILLIS = 20_000

/** Nodes take up to a few seconds; longer, and the reason is asked for. */
const SETUP_MILLIS = 5_000

export function podFacts(context: SessionContext) {
  const { ports, run } = context

  /** @returns whether the news ended an attempt */
  function podChanged(pod: Pod, gone: boolean): boolean {
    const attempt = attemptOf(context, pod)
    if (!attempt) return false
    if (attempt.stage === 'over') {
      publishing(attempt, pod, gone)
      return false
    }
    if (attempt.stage === 'wanted') attempt.stage = 'created'
    attempt.image = imageDigest(pod) ?? attempt.image
    const fact = readPod(pod)
    if (gone && fact.kind !== 'succeeded' && fact.kind !== 'failed') {
      end(attempt, { kind: 'failed', failure: lost(attempt, pod, fact) })
      return true
    }
    switch (fact.kind) {
      case 'running':
        running(attempt)
        return false
      case 'waiting':
        waiting(attempt, fact)
        return false
      case 'leaving':
        leaving(attempt, pod)
        return false
      default:
        end(attempt, fact)
        publishing(attempt, pod, gone)
        return true
    }
  }

  /** The step is over; the launcher beside it copies its outputs out, unless it can't any more. */
  function publishing(attempt: Attempt, pod: Pod, gone: boolean): void {
    if (!attempt.complete) return
    if (gone || isPublished(pod)) attempt.complete.abort()
    else if (pod.metadata.deletionTimestamp) leaving(attempt, pod)
  }

  function running(attempt: Attempt): void {
    if (attempt.stage === 'running') return
    attempt.stage = 'running'
    delete attempt.isSettingUp
    delete attempt.waiting
    noGrace(attempt)
    ports.logs.follow(logSource(attempt))
    context.tell({ kind: 'attempt-started', task: attempt.task, attempt: attempt.attempt })
  }

  function waiting(attempt: Attempt, fact: PodFact & { kind: 'waiting' }): void {
    if (fact.isSettingUp) {
      if (attempt.isSettingUp) return
      attempt.isSettingUp = true
      const since = ports.now()
      setTimeout(() => void askWhy(attempt, fact, since), SETUP_MILLIS).unref()
    } else delete attempt.isSettingUp
    keepWaiting(context, attempt, () => fact.message)
    giveGrace(attempt, fact.hopeless)
  }

  /** A wait that is unlikely to help has some time, counted anew when another trouble follows or it went on meanwhile. */
  function giveGrace(attempt: Attempt, cause: FailureCause | undefined): void {
    if (attempt.grace?.cause === cause) return
    // A container that ends again and again runs in between.
    if (!cause && attempt.grace?.cause === 'infrastructure') return
    noGrace(attempt)
    if (!cause) return
    const { imageGraceMillis, configurationGraceMillis } = ports.settings
    const millis = cause === 'image' ? imageGraceMillis : configurationGraceMillis
    attempt.grace = { cause, timer: setTimeout(() => graceIsOver(attempt), millis).unref() }
  }

  function graceIsOver(attempt: Attempt): void {
    noGrace(attempt)
    const pod = ports.podOf(run.namespace, attempt.podName)
    const fact = pod && readPod(pod)
    if (fact?.kind === 'waiting' && fact.hopeless) giveUp(attempt, { cause: fact.hopeless, message: fact.message })
  }

  /** What keeps a node from preparing a pod is in the pod's events: asked for while it lasts, and given up where it is a mistake. */
  async function askWhy(attempt: Attempt, fact: PodFact & { kind: 'waiting' }, since: number): Promise<void> {
    if (!attempt.isSettingUp || attempt.stage !== 'created' || context.closed) return
    try {
      const warning = await lastWarning(ports.kube, run.namespace, attempt.podName)
      if (!attempt.isSettingUp || attempt.stage !== 'created') return
      const message = warning ? `${fact.message}: ${warning.reason}: ${warning.message}` : fact.message
      keepWaiting(context, attempt, () => message)
      if (warning?.isMistake && ports.now() - since >= ports.settings.configurationGraceMillis) {
        return giveUp(attempt, { cause: 'configuration', message })
      }
    } catch (error) {
      ports.onTrouble(run, error)
    }
    setTimeout(() => void askWhy(attempt, fact, since), SETUP_MILLIS).unref()
  }

  function giveUp(attempt: Attempt, failure: AttemptFailure): void {
    if (attempt.stage === 'over' || attempt.stage === 'running') return
    end(attempt, { kind: 'failed', failure })
    void removePod(context, attempt, 0)
  }

  /** A pod on a node that is gone never confirms its end: after its grace it is removed by force. */
  function leaving(attempt: Attempt, pod: Pod): void {
    if (attempt.removal) return
    const grace = (pod.metadata.deletionGracePeriodSeconds ?? 30) * 1000
    attempt.removal = setTimeout(() => {
      attempt.nodeSilent = true
      void removePod(context, attempt, 0)
    }, grace + LEAVE_MARGIN_MILLIS).unref()
  }

  function end(attempt: Attempt, fact: PodFact & { kind: 'succeeded' | 'failed' }): void {
    settle(attempt)
    context.keepsLog(keepLog(attempt))
    if (fact.kind === 'failed') {
      finish(
        attempt,
        attempt.cancelReason === undefined ? { outcome: 'failed', failure: fact.failure } : { outcome: 'canceled' },
      )
    } else {
      void succeeded(attempt)
    }
  }

  async function succeeded(attempt: Attempt): Promise<void> {
    const complete = new AbortController()
    attempt.complete = complete
    try {
      if (attempt.imports) {
        const digest = await ports.store.digestOf(attempt.imports.uri)
        return finish(attempt, imported(attempt.imports, digest))
      }
      const found = await ports.store.readOutputs(attempt.launch, logSource(attempt), complete.signal)
      const collected = collectOutputs(attempt.launch, found)
      if ('failure' in collected) return finish(attempt, { outcome: 'failed', failure: collected.failure })
      const outputs = await ports.store.withDigests(collected.outputs, found)
      finish(attempt, { outcome: 'succeeded', outputs })
    } catch (error) {
      if (context.closed) return
      if (attempt.cancelReason !== undefined) return finish(attempt, { outcome: 'canceled' })
      const message = `its outputs could not be read from the store: ${error instanceof Error ? error.message : error}`
      finish(attempt, { outcome: 'failed', failure: { cause: 'infrastructure', message } })
    }
  }

  function finish(attempt: Attempt, result: AttemptResult): void {
    context.attempts.delete(attemptKey(attempt.task, attempt.attempt))
    noRemoval(attempt)
    ports.metrics.attemptEnded(result)
    const { task, attempt: number, image } = attempt
    context.tell({ kind: 'attempt-finished', task, attempt: number, result, ...(image ? { image } : {}) })
  }

  async function keepLog(attempt: Attempt): Promise<void> {
    await ports.logs.finish(logSource(attempt))
    if (context.spec.podCleanup === 'AfterTask' && !context.closed) await removePod(context, attempt, undefined)
  }

  const logSource = (attempt: Attempt) => ({
    namespace: run.namespace,
    pod: attempt.podName,
    runId: run.runId,
    task: attempt.task,
    attempt: attempt.attempt,
  })

  /** The session listens no more: pods, and the streams of their logs, go on to their ends. */
  function close(): void {
    for (const attempt of context.attempts.values()) {
      settle(attempt)
      attempt.complete?.abort()
      ports.logs.forget(logSource(attempt))
    }
  }

  return { podChanged, close }
}

function attemptOf(context: SessionContext, pod: Pod): Attempt | undefined {
  const task = pod.metadata.annotations?.[TASK_PATH_ANNOTATION]
  const number = Number(pod.metadata.labels?.[LABELS.attempt])
  return task === undefined ? undefined : context.attempts.get(attemptKey(task, number))
}

function lost(attempt: Attempt, pod: Pod, fact: PodFact): AttemptFailure {
  const what = attempt.nodeSilent
    ? `NodeLost: the node ${pod.spec?.nodeName ?? 'of the pod'} did not end the pod in time, so it is taken for gone`
    : 'the pod was deleted before its step ended'
  const why = fact.kind === 'leaving' ? `: ${fact.message}` : ''
  return { cause: 'infrastructure', message: `${what}${why}` }
}

/**
 * Deletes the attempt's pod; without `graceSeconds` with the pod's own grace. A pod that is gone already is fine. The engine asks
 * once: while the API server is away it is tried again, unless the attempt ends by itself meanwhile.
 */
export async function removePod(context: SessionContext, attempt: Attempt, graceSeconds?: number): Promise<void> {
  const { ports, run } = context
  const wasOver = attempt.stage === 'over'
  for (let failures = 0; ; failures++) {
    try {
      return await ports.kube.delete(PODS, run.namespace, attempt.podName, { gracePeriodSeconds: graceSeconds })
    } catch (error) {
      if (isNotFound(error)) return
      ports.onTrouble(run, error)
      if (!isTransient(error)) return
      await backOff(failures)
      if (context.closed || (!wasOver && attempt.stage === 'over')) return
    }
  }
}
