/** Does what the engine decided, one handler an action. Each answers by an event and may be repeated after a restart without harm. */
import { PODS } from '../client/kube/resources.ts'
import { isAlreadyExists, isNotFound, KubeConnectionError, KubeError } from '../client/kube/transport.ts'
import type { Action, AttemptFailure, AttemptResult, ImportRequest, Launch, TaskPath } from '../engine/types.ts'
import type { Place } from './admission/pod-places.ts'
import { type Attempt, attemptKey, keepWaiting, leaveLine, settle } from './attempts.ts'
import { backOff } from './back-off.ts'
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
      const failure: AttemptFailure = { cause: 'infrastructure', message }
      const entry = context.attempts.get(attemptKey(action.task, action.attempt))
      // Its place would be waited for by the next attempt.
      if (entry) failAttempt(context, entry, failure)
      else answer(context, action.task, action.attempt, { outcome: 'failed', failure })
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
  // A run that is suspended gives its place back, and lines up again when it is resumed.
  while (await takePlace(context, entry)) {
    if ((await createPod(context, entry)) !== 'suspended') return
  }
}

const isWanted = ({ closed, attempts }: SessionContext, entry: Attempt): boolean =>
  !closed && attempts.get(attemptKey(entry.task, entry.attempt)) === entry

/** An operator before this one made its pod: no gate, no line and no suspension is before it. */
const wasMade = ({ ports, run }: SessionContext, entry: Attempt): boolean =>
  entry.knownStarted || ports.podOf(run.namespace, entry.podName) !== undefined

/** false when it is not wanted any more. */
async function passPast(context: SessionContext, entry: Attempt): Promise<boolean> {
  const { ports, run, previousRun } = context
  if (!previousRun || wasMade(context, entry)) return true
  const gate = ports.pastTasks.enter(run.namespace, previousRun, entry.task, () => context.refresh())
  entry.gate = gate
  keepWaiting(context, entry, () => gate.why())
  await gate.opened
  if (!isWanted(context, entry)) return false
  delete entry.gate
  delete entry.waiting
  return true
}

/** false when it is not wanted any more. A suspended run stands in no line. */
async function takePlace(context: SessionContext, entry: Attempt): Promise<boolean> {
  while (isWanted(context, entry)) {
    if (context.resumed && !wasMade(context, entry)) {
      leaveLine(entry)
      context.newsOf.delete(entry.task)
      delete entry.waiting
      await context.resumed
      continue
    }
    const place = placeOf(context, entry)
    entry.place = place
    if (place.isGranted) return true
    context.newsOf.delete(entry.task)
    keepWaiting(context, entry, () => place.why())
    await place.granted
    if (entry.place !== place || !isWanted(context, entry)) continue
    delete entry.waiting
    return true
  }
  return false
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

/** Tries until there is a pod, the cluster refuses it, or it is not wanted any more. */
async function createPod(context: SessionContext, entry: Attempt): Promise<'suspended' | undefined> {
  const { ports, run } = context
  let pod: Pod | undefined
  let isThere = false
  for (let failures = 0; isPending(context, entry); failures++) {
    try {
      // The journal saw it run, the informer has no pod: it must not run a second time as the same attempt.
      if (isThere || wasMade(context, entry)) {
        await adopt(context, entry)
        continue
      }
      // Waiting in line for a place or for the quota is no decision.
      const since = context.newsOf.get(entry.task)
      context.newsOf.delete(entry.task)
      pod ??= await preparedPod(context, entry)
      if (context.resumed) return 'suspended'
      if (!isPending(context, entry)) break
      if (since !== undefined) ports.metrics.decided(ports.now() - since)
      await ports.kube.create(PODS, run.namespace, pod)
      context.podsCreated++
      ports.metrics.podCreated()
      created(entry)
    } catch (error) {
      if (isAlreadyExists(error)) {
        // The answer to an earlier try of the same request was lost, or an earlier operator made it.
        context.podsCreated++
        isThere = true
      } else await waitAfter(context, entry, error, failures)
    }
  }
  // Given up while the request was on its way: the pod may have come to be after it was removed.
  if (entry.stage === 'over' && entry.cancelReason !== undefined) await removePod(context, entry, 0)
}

const isPending = ({ closed }: SessionContext, { stage }: Attempt): boolean => !closed && stage === 'wanted'

/** The pod, once what it needs is there. */
async function preparedPod(context: SessionContext, entry: Attempt): Promise<Pod> {
  const { ports, run } = context
  await ports.store.prepare(entry.launch, run.runId)
  const workspace = entry.launch.usesWorkspace ? await workspaceOf(context) : undefined
  return podOf(context, entry, workspace, await ports.tracking?.variables(run, entry.task, entry.launch))
}

/** Resolves when it is time for another try, or the attempt has failed because none would help. */
async function waitAfter(context: SessionContext, entry: Attempt, error: unknown, failures: number): Promise<void> {
  if (!isPending(context, entry)) return
  const failure = refusal(error)
  if (failure) return failAttempt(context, entry, failure)
  const message = waitText(error)
  keepWaiting(context, entry, () => message)
  await backOff(failures)
}

function created(entry: Attempt): void {
  if (entry.stage === 'wanted') entry.stage = 'created'
}

/** The pod was made before, by an operator that ended: what it says counts. */
async function adopt(context: SessionContext, entry: Attempt): Promise<void> {
  const { ports, run } = context
  try {
    const known = ports.podOf(run.namespace, entry.podName)
    const pod = known ?? (await ports.kube.get<Pod>(PODS, run.namespace, entry.podName))
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

/** File names and rights that stay as they are; a store that is away, full or slow comes back. */
const LASTING_CODES = new Set(['EACCES', 'EPERM', 'EEXIST', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG', 'EINVAL'])

/** Refusals that another try would meet again. Quota is not one: it frees when other pods end. */
function refusal(error: unknown): AttemptFailure | undefined {
  if (!(error instanceof KubeError)) {
    if (!LASTING_CODES.has((error as NodeJS.ErrnoException).code ?? '')) return undefined
    return { cause: 'infrastructure', message: `the store can't take its files: ${textOf(error)}` }
  }
  if (error.status === 403 && /exceeded quota/.test(error.message)) return undefined
  if (error.status === 403 && /being terminated/.test(error.message)) {
    return { cause: 'infrastructure', message: 'its namespace is being deleted' }
  }
  if ([400, 403, 404, 413, 422].includes(error.status)) {
    return { cause: 'configuration', message: `the cluster refuses ${whatOf(error)}: ${error.message}` }
  }
  return undefined
}

function whatOf({ message }: Error): string {
  if (message.includes('/secrets:')) return 'the Secret with its token'
  return message.includes('/persistentvolumeclaims') ? 'the claim of its workspace' : 'its pod'
}

function waitText(error: unknown): string {
  if (error instanceof KubeError && error.status === 403)
    return `the quota of the namespace is used up: ${error.message}`
  if (error instanceof KubeError || error instanceof KubeConnectionError)
    return `the API server can't take ${whatOf(error)} now: ${error.message}`
  return `its pod can't be made now: ${textOf(error)}`
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
