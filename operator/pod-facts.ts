/** News of a run's pods to events of its attempts: running, over with outputs or a cause, lost. After: the session journals them. */

import { LABELS, TASK_PATH_ANNOTATION } from '../api/pipeline-run.ts'
import { PODS } from '../client/kube/resources.ts'
import { isNotFound } from '../client/kube/transport.ts'
import { collectOutputs } from '../engine/index.ts'
import type { AttemptFailure, AttemptResult } from '../engine/types.ts'
import { type Attempt, attemptKey, keepWaiting, settle } from './attempts.ts'
import { imported } from './import-artifact.ts'
import type { Pod } from './pod/pod-types.ts'
import { imageDigest, type PodFact, readPod } from './pod/read-pod.ts'
import { lastWarning } from './pod-events.ts'
import type { SessionContext } from './run-session.ts'

/** Beyond its grace a pod that does not go belongs to a node that is gone. */
const LEAVE_MARGIN_MILLIS = 20_000

/** Nodes take up to a few seconds; longer, and the reason is asked for. */
const SETUP_MILLIS = 5_000

export function podFacts(context: SessionContext) {
  const { ports, run } = context

  /** @returns whether the news ended an attempt */
  function podChanged(pod: Pod, gone: boolean): boolean {
    const attempt = attemptOf(context, pod)
    if (!attempt || attempt.stage === 'over') return false
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
        return true
    }
  }

  function running(attempt: Attempt): void {
    if (attempt.stage === 'running') return
    attempt.stage = 'running'
    delete attempt.isSettingUp
    delete attempt.waiting
    clearTimeout(attempt.timer)
    ports.logs.follow(logSource(attempt))
    context.tell({ kind: 'attempt-started', task: attempt.task, attempt: attempt.attempt })
  }

  function waiting(attempt: Attempt, fact: PodFact & { kind: 'waiting' }): void {
    if (fact.isSettingUp) {
      if (attempt.isSettingUp) return
      attempt.isSettingUp = true
      setTimeout(() => void askWhy(attempt, fact), SETUP_MILLIS).unref()
    } else delete attempt.isSettingUp
    keepWaiting(context, attempt, () => fact.message)
    if (!fact.hopeless || attempt.timer) return
    const { imageGraceMillis, configurationGraceMillis } = ports.settings
    const cause = fact.hopeless
    attempt.timer = setTimeout(
      () => giveUp(attempt, { cause, message: attempt.waiting?.message ?? fact.message }),
      cause === 'image' ? imageGraceMillis : configurationGraceMillis,
    )
    attempt.timer.unref()
  }

  /** What keeps a node from preparing a pod is in the pod's events: asked for while it lasts, and given up where it is a mistake. */
  async function askWhy(attempt: Attempt, fact: PodFact & { kind: 'waiting' }): Promise<void> {
    if (!attempt.isSettingUp || attempt.stage !== 'created' || context.closed) return
    try {
      const warning = await lastWarning(ports.kube, run.namespace, attempt.podName)
      if (!attempt.isSettingUp || attempt.stage !== 'created') return
      const message = warning ? `${fact.message}: ${warning.reason}: ${warning.message}` : fact.message
      keepWaiting(context, attempt, () => message)
      const since = attempt.waiting?.since ?? ports.now()
      if (warning?.isMistake && ports.now() - since >= ports.settings.configurationGraceMillis) {
        return giveUp(attempt, { cause: 'configuration', message })
      }
    } catch (error) {
      ports.onTrouble(run, error)
    }
    setTimeout(() => void askWhy(attempt, fact), SETUP_MILLIS).unref()
  }

  function giveUp(attempt: Attempt, failure: AttemptFailure): void {
    if (attempt.stage === 'over' || attempt.stage === 'running') return
    end(attempt, { kind: 'failed', failure })
    void removePod(context, attempt, 0)
  }

  /** A pod on a node that is gone never confirms its end: after its grace it is removed by force. */
  function leaving(attempt: Attempt, pod: Pod): void {
    if (attempt.timer) return
    const grace = (pod.metadata.deletionGracePeriodSeconds ?? 30) * 1000
    attempt.timer = setTimeout(() => {
      attempt.nodeSilent = true
      void removePod(context, attempt, 0)
    }, grace + LEAVE_MARGIN_MILLIS)
    attempt.timer.unref()
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
    try {
      if (attempt.imports) {
        const digest = await ports.store.digestOf(attempt.imports.uri)
        return finish(attempt, imported(attempt.imports, digest))
      }
      const found = await ports.store.readOutputs(attempt.launch, logSource(attempt))
      const collected = collectOutputs(attempt.launch, found)
      if ('failure' in collected) return finish(attempt, { outcome: 'failed', failure: collected.failure })
      const outputs = await ports.store.withDigests(collected.outputs, found)
      finish(attempt, { outcome: 'succeeded', outputs })
    } catch (error) {
      const message = `its outputs could not be read from the store: ${error instanceof Error ? error.message : error}`
      finish(attempt, { outcome: 'failed', failure: { cause: 'infrastructure', message } })
    }
  }

  function finish(attempt: Attempt, result: AttemptResult): void {
    context.attempts.delete(attemptKey(attempt.task, attempt.attempt))
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

  return { podChanged }
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

/** Deletes the attempt's pod; without `graceSeconds` with the pod's own grace. A pod that is gone already is fine. */
export async function removePod(context: SessionContext, attempt: Attempt, graceSeconds?: number): Promise<void> {
  try {
    await context.ports.kube.delete(PODS, context.run.namespace, attempt.podName, { gracePeriodSeconds: graceSeconds })
  } catch (error) {
    if (!isNotFound(error)) context.ports.onTrouble(context.run, error)
  }
}
