/** Does what the engine decided, one handler an action. Each answers by an event and may be repeated after a restart without harm. */
import { PODS } from '../client/kube/resources.ts'
import { isAlreadyExists, isNotFound, KubeError } from '../client/kube/transport.ts'
import type { Action, AttemptFailure, AttemptResult, ImportRequest, Launch, TaskPath } from '../engine/types.ts'
import type { Place } from './admission/pod-places.ts'
import { type Attempt, attemptKey, keepWaiting, settle } from './attempts.ts'
import { changeVolume } from './change-volume.ts'
import { answerOfCache } from './foresee.ts'
import { importArtifact } from './import-artifact.ts'
import { buildPod, type PodRequest } from './pod/build-pod.ts'
import { poolOf } from './pod/kubernetes-config.ts'
import { podName } from './pod/pod-name.ts'
import type { EnvVar, Pod } from './pod/pod-types.ts'
import { podFacts, removePod } from './pod-facts.ts'
import type { SessionContext } from './run-session.ts'
import { workspaceOf } from './workspace.ts'

type ActionHandlers = {
  readonly [K in Action['kind']]: (
    context: SessionContext,
    action: Extract<Action, { kind: K }>,
  ) => void | Promise<void>
}

const HANDLERS: ActionHandlers = {
  'start-attempt': (context, action) => startPod(context, action, action.launch),
  'cancel-attempt': cancelAttempt,
  'import-artifact': async (context, action) => {
    const imported = await importArtifact(context, action)
    if ('launch' in imported) await startPod(context, action, imported.launch, action.request)
    else answer(context, action.task, action.attempt, imported)
  },
  'change-volume': async (context, action) => {
    answer(context, action.task, action.attempt, await changeVolume(context, action))
  },
  'find-reusable': findReusable,
  'wait-for': (context, action) => context.waiter.start(action),
  'look-up-cache': lookUpCache,
  'save-cache': saveCache,
  'wake-at': (context, { at }) => context.wakeAt(at),
}

/** Never throws; what goes wrong becomes the failure of the attempt. */
export function carryOut(context: SessionContext, action: Action): void {
  const handler = HANDLERS[action.kind] as (context: SessionContext, action: Action) => void | Promise<void>
  Promise.resolve()
    .then(() => handler(context, action))
    .catch((error) => {
      context.ports.onTrouble(context.run, error)
      if (!('attempt' in action)) return
      const message = `the operator could not carry it out: ${textOf(error)}`
      answer(context, action.task, action.attempt, { outcome: 'failed', failure: { cause: 'infrastructure', message } })
    })
}

/** @param imports set when the pod is one of ours that copies an artifact to the workspace */
async function startPod(
  context: SessionContext,
  { task, attempt }: { readonly task: TaskPath; readonly attempt: number },
  launch: Launch,
  imports?: ImportRequest,
): Promise<void> {
  const { run } = context
  const key = attemptKey(task, attempt)
  if (context.attempts.has(key)) return
  const entry: Attempt = {
    task,
    attempt,
    launch,
    podName: podName(run.name, run.uid, task, attempt),
    knownStarted: context.knownStarted.has(key),
    stage: 'wanted',
    ...(imports ? { imports } : {}),
  }
  context.attempts.set(key, entry)
  if (!(await passPast(context, entry))) return
  const place = placeOf(context, entry)
  entry.place = place
  if (!place.isGranted) {
    context.newsOf.delete(task)
    keepWaiting(context, entry, () => place.why())
    await place.granted
  }
  if (context.closed || context.attempts.get(key) !== entry) return place.leave()
  delete entry.waiting
  await createPod(context, entry)
}

/** false when it is not wanted any more. What ran before this operator did has passed already. */
async function passPast(context: SessionContext, entry: Attempt): Promise<boolean> {
  const { ports, run, previousRun } = context
  if (!previousRun || entry.knownStarted || ports.podOf(run.namespace, entry.podName)) return true
  const gate = ports.pastTasks.enter(run.namespace, previousRun, entry.task, () => context.refresh())
  entry.gate = gate
  keepWaiting(context, entry, () => gate.why())
  await gate.opened
  if (context.closed || context.attempts.get(attemptKey(entry.task, entry.attempt)) !== entry) return false
  delete entry.gate
  delete entry.waiting
  return true
}

function placeOf({ ports, run, pipeline }: SessionContext, { podName, launch }: Attempt): Place {
  return ports.podPlaces.enter({
    runId: run.uid,
    namespace: run.namespace,
    pipeline: pipeline.document.spec.pipelineInfo.name,
    pool: poolOf(launch.kubernetes),
    exists: ports.podOf(run.namespace, podName) !== undefined,
  })
}

async function createPod(context: SessionContext, entry: Attempt): Promise<void> {
  const { ports, run } = context
  const existing = ports.podOf(run.namespace, entry.podName)
  if (existing) {
    created(entry)
    podFacts(context).podChanged(existing, false)
    return
  }
  // The journal saw it run, the informer has no pod: it must not run a second time as the same attempt.
  if (entry.knownStarted) return await adopt(context, entry)
  await ports.store.prepare(entry.launch, run.runId)
  const workspace = entry.launch.usesWorkspace ? await workspaceOf(context) : undefined
  let pod: Pod | undefined
  for (let failures = 0; !context.closed && entry.stage === 'wanted'; failures++) {
    try {
      // Waiting in line for a place or for the quota is no decision.
      const since = context.newsOf.get(entry.task)
      context.newsOf.delete(entry.task)
      pod ??= podOf(context, entry, workspace, await ports.tracking?.variables(run, entry.task, entry.launch))
      if (since !== undefined) ports.metrics.decided(ports.now() - since)
      await ports.kube.create(PODS, run.namespace, pod)
      context.podsCreated++
      ports.metrics.podCreated()
      // Given up while the request was on its way.
      if ((entry.stage as Attempt['stage']) === 'over') return await removePod(context, entry, 0)
      created(entry)
      return
    } catch (error) {
      if (isAlreadyExists(error)) {
        // The answer to an earlier try of the same request was lost, or an earlier operator made it.
        context.podsCreated++
        return await adopt(context, entry)
      }
      const failure = refusal(error)
      if (failure) return failAttempt(context, entry, failure)
      const message = waitText(error)
      keepWaiting(context, entry, () => message)
      await new Promise((resolve) => setTimeout(resolve, Math.min(15_000, 500 * 2 ** failures)).unref())
    }
  }
}

function created(entry: Attempt): void {
  if (entry.stage === 'wanted') entry.stage = 'created'
}

/** The pod was made before, by an operator that ended: what it says counts. */
async function adopt(context: SessionContext, entry: Attempt): Promise<void> {
  const { kube } = context.ports
  try {
    const pod = await kube.get<Pod>(PODS, context.run.namespace, entry.podName)
    created(entry)
    podFacts(context).podChanged(pod, false)
  } catch (error) {
    if (!isNotFound(error)) throw error
    failAttempt(context, entry, { cause: 'infrastructure', message: 'the pod was deleted before its step ended' })
  }
}

function podOf(
  context: SessionContext,
  entry: Attempt,
  workspace: PodRequest['workspace'],
  tracking?: readonly EnvVar[],
): Pod {
  const { run, spec, ports, pipeline } = context
  const kills = context.oomKills.get(entry.task) ?? 0
  return buildPod({
    run: { ...run, pipeline: pipeline.document.spec.pipelineInfo.name },
    task: entry.task,
    attempt: entry.attempt,
    launch: entry.launch,
    defaults: spec.podDefaults ?? {},
    serviceAccountName: spec.serviceAccountName ?? ports.settings.serviceAccountName,
    settings: ports.settings.pods,
    workspace,
    withoutLauncher: entry.imports !== undefined,
    resultUri: ports.store.resultUri?.({ runId: run.runId, task: entry.task, attempt: entry.attempt }),
    memoryFactor: spec.onOOM ? (spec.onOOM.factor ?? 2) ** kills : 1,
    maxMemory: spec.onOOM?.maxMemory,
    tracking,
  })
}

/** Refusals that another try would meet again. Quota is not one: it frees when other pods end. */
function refusal(error: unknown): AttemptFailure | undefined {
  if (!(error instanceof KubeError)) return undefined
  if (error.status === 403 && /exceeded quota/.test(error.message)) return undefined
  if (error.status === 403 && /being terminated/.test(error.message)) {
    return { cause: 'infrastructure', message: 'its namespace is being deleted' }
  }
  if ([400, 403, 404, 413, 422].includes(error.status)) {
    const refused = error.message.includes('/secrets:') ? 'the Secret with its token' : 'its pod'
    return { cause: 'configuration', message: `the cluster refuses ${refused}: ${error.message}` }
  }
  return undefined
}

function waitText(error: unknown): string {
  if (error instanceof KubeError && error.status === 403)
    return `the quota of the namespace is used up: ${error.message}`
  return `the API server can't take its pod now: ${textOf(error)}`
}

async function cancelAttempt(
  context: SessionContext,
  { task, attempt, reason }: Extract<Action, { kind: 'cancel-attempt' }>,
): Promise<void> {
  const key = attemptKey(task, attempt)
  if (context.waiter.cancel(task, attempt)) return
  const entry = context.attempts.get(key)
  if (!entry) {
    answer(context, task, attempt, { outcome: 'canceled' })
    return
  }
  entry.cancelReason = reason
  if (entry.stage !== 'wanted')
    return await removePod(context, entry, context.ports.settings.pods.terminationGraceSeconds ?? 10)
  settle(entry)
  context.attempts.delete(key)
  // A create may be on its way: the pod, if it came to be, has to go as well.
  await removePod(context, entry, 0)
  answer(context, task, attempt, { outcome: 'canceled' })
}

async function findReusable(
  { ports, run, reuse, tell }: SessionContext,
  { task, runId, contentKey }: Extract<Action, { kind: 'find-reusable' }>,
): Promise<void> {
  try {
    tell({ kind: 'reuse-answered', task, answer: await reuse(runId, task, contentKey) })
  } catch (error) {
    ports.onTrouble(run, error)
    const reason = `run ${runId} could not be read: ${textOf(error)}`
    tell({ kind: 'reuse-answered', task, answer: { hit: false, reason } })
  }
}

async function lookUpCache(context: SessionContext, action: Extract<Action, { kind: 'look-up-cache' }>): Promise<void> {
  const { ports, run } = context
  try {
    const answer = await answerOfCache(ports.records, ports.store, run.namespace, action)
    if (answer.hit) context.newsOf.delete(action.task)
    context.tell({ kind: 'cache-answered', task: action.task, answer })
  } catch (error) {
    ports.onTrouble(run, error)
    const reason = `the cache could not be read: ${textOf(error)}`
    context.tell({ kind: 'cache-answered', task: action.task, answer: { hit: false, reason } })
  }
}

async function saveCache(
  { ports, run }: SessionContext,
  { task, pipelineName, cacheKey, outputs }: Extract<Action, { kind: 'save-cache' }>,
): Promise<void> {
  await ports.records.saveCache(run.namespace, pipelineName, cacheKey, { outputs, runId: run.runId, task }, ports.now())
}

function failAttempt(context: SessionContext, entry: Attempt, failure: AttemptFailure): void {
  settle(entry)
  context.attempts.delete(attemptKey(entry.task, entry.attempt))
  context.ports.metrics.attemptEnded({ outcome: 'failed', failure })
  answer(context, entry.task, entry.attempt, { outcome: 'failed', failure })
}

function answer(context: SessionContext, task: TaskPath, attempt: number, result: AttemptResult): void {
  context.tell({ kind: 'attempt-finished', task, attempt, result })
}

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
