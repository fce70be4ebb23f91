/** Brings a run to life: from its journal when there is one, else from its resource. What is wrong with it becomes its status. */
import { formatIssue, InvalidInputError, type Issue } from '../api/issue.ts'
import type { JsonValue } from '../api/json.ts'
import { EXPERIMENT_ANNOTATION, LABELS, type PipelineRunSpec, type PipelineRunStatus } from '../api/pipeline-run.ts'
import type { KubeClient } from '../client/kube/client.ts'
import { PIPELINE_RUNS } from '../client/kube/resources.ts'
import { argumentUris, checkArguments, fitParameters } from '../engine/index.ts'
import type { Locks } from './admission/limits.ts'
import { type LoadedPipeline, type PipelineLoader, PipelineNotFoundError } from './load-pipeline.ts'
import type { Pod } from './pod/pod-types.ts'
import { ReuseError, reusedRun } from './reuse.ts'
import { runConfig } from './run-config.ts'
import type { RunHeader } from './run-records.ts'
import { type RunIdentity, type RunSession, type SessionPorts, startSession } from './run-session.ts'
import { unstartedStatus } from './run-status.ts'
import type { RunStore } from './run-store.ts'
import type { PipelineRun } from './run-view.ts'
import { logicalDateOf, previousRunOf, SCHEDULE_LABELS } from './schedule/schedule-objects.ts'

export interface RunStarter {
  readonly kube: KubeClient
  readonly loader: PipelineLoader
  readonly ports: SessionPorts
  readonly podsOf: (uid: string) => readonly Pod[]
}

const MAX_EXPERIMENT_NAME = 500

export type StartResult =
  | { readonly kind: 'started'; readonly session: RunSession; readonly status: PipelineRunStatus | undefined }
  | { readonly kind: 'refused'; readonly before: PipelineRunStatus | undefined; readonly status: PipelineRunStatus }
  /** Its pipeline asks for a mutex or semaphore that is not free: it waits in line for it. */
  | { readonly kind: 'held' }
  /** Deleted, or another run of the same name by now. */
  | { readonly kind: 'gone' }

export interface StartHooks {
  readonly onChange: (session: RunSession) => void
  /** Another operator wrote the journal: the session is closed, and the run to be started again. */
  readonly onOvertaken: () => void
  /** Asked before a run starts for the first time. */
  readonly isFree: (locks: Locks) => boolean
}

/** Rejects only with trouble that may pass: the API server's or the database's. */
export async function startRun(
  starter: RunStarter,
  run: RunIdentity,
  { onChange, onOvertaken, isFree }: StartHooks,
): Promise<StartResult> {
  const resource = await starter.kube.get<PipelineRun>(PIPELINE_RUNS, run.namespace, run.name)
  if (resource.metadata.uid !== run.uid || resource.metadata.deletionTimestamp) return { kind: 'gone' }
  try {
    const found = await headerOf(starter, run, resource, isFree)
    if (found === 'held') return { kind: 'held' }
    const { pipeline, header, journal } = found
    const session = startSession({
      ports: starter.ports,
      run,
      spec: withoutPipeline(resource.spec),
      pipeline,
      config: header.config,
      journal,
      previousRun: previousRunOf(resource.metadata),
      pods: starter.podsOf(run.uid),
      onChange,
      onOvertaken,
    })
    return { kind: 'started', session, status: resource.status }
  } catch (error) {
    const status = refusal(error, resource, starter.ports.now())
    if (!status) throw error
    return { kind: 'refused', before: resource.status, status }
  }
}

/** A thousand runs must not hold a thousand texts of the same pipeline. */
function withoutPipeline({ pipelineText, pipelineSpec, platformSpec, ...rest }: PipelineRunSpec): PipelineRunSpec {
  return rest
}

async function headerOf(
  { kube, loader, ports }: RunStarter,
  run: RunIdentity,
  resource: PipelineRun,
  isFree: StartHooks['isFree'],
) {
  await ports.records.claim(run)
  const stored = await ports.records.load(run.runId)
  if (stored) {
    const pipeline = loader.fromText(stored.header.pipelineText)
    return isFree(locksOf(pipeline)) ? { pipeline, ...stored } : 'held'
  }
  const pipeline = await loader.load(run.namespace, resource.spec)
  const ofSchedule = resource.metadata.labels?.[SCHEDULE_LABELS.schedule] !== undefined
  const given = resource.spec.arguments ?? {}
  const args = ofSchedule ? fitParameters(pipeline.document, given) : given
  refuseWrongArguments(pipeline, args)
  if (!isFree(locksOf(pipeline))) return 'held'
  const reuse = await reusedRun(kube, ports.records, run.namespace, resource.spec)
  const argumentDigests = await digestArguments(ports.store, argumentUris(pipeline.document, args))
  const config = runConfig({
    run,
    spec: { ...resource.spec, arguments: args },
    document: pipeline.document,
    store: ports.store,
    settings: ports.settings,
    now: ports.now(),
    reuse,
    scheduleTime: logicalDateOf(resource.metadata),
    ...(argumentDigests ? { argumentDigests } : {}),
  })
  const header: RunHeader = {
    config,
    namespace: run.namespace,
    resource: { name: run.name, uid: run.uid },
    pipelineName: pipeline.document.spec.pipelineInfo.name,
    pipelineText: pipeline.text,
    serviceAccount: resource.spec.serviceAccountName,
    experiment: resource.metadata.annotations?.[EXPERIMENT_ANNOTATION]?.slice(0, MAX_EXPERIMENT_NAME) || undefined,
    recurringRunId: resource.metadata.labels?.[LABELS.recurringRun],
  }
  await ports.records.create(header)
  return { pipeline, header, journal: [] }
}

/** What can't be read now counts by its URI in the cache, as ever; whoever reads it says what is wrong. */
async function digestArguments(store: Pick<RunStore, 'digestOf'>, uris: readonly string[]) {
  const digests: Record<string, string> = {}
  for (const uri of new Set(uris)) {
    const digest = await store.digestOf(uri).catch(() => undefined)
    if (digest !== undefined) digests[uri] = digest
  }
  return Object.keys(digests).length > 0 ? digests : undefined
}

/** Of kfp 2.14: a mutex lets one run of those that name it go at a time, a semaphore as many as its limit says. */
export function locksOf({ document }: LoadedPipeline): Locks {
  const { mutexName, semaphoreKey } = document.platform?.platforms.kubernetes?.pipelineConfig ?? {}
  return { mutexName: mutexName || undefined, semaphoreKey: semaphoreKey || undefined }
}

function refuseWrongArguments(pipeline: LoadedPipeline, args: Readonly<Record<string, JsonValue>>): void {
  const issues = checkArguments(pipeline.program, args)
  const errors = issues.filter(({ severity }: Issue) => severity === 'error')
  if (errors.length > 0) throw new InvalidInputError(errors)
}

function refusal(error: unknown, { status, metadata, spec }: PipelineRun, now: number): PipelineRunStatus | undefined {
  const { generation: observedGeneration = 0 } = metadata
  const base = { now, observedGeneration, retryCount: spec.retryCount ?? 0, previous: status }
  if (error instanceof PipelineNotFoundError) return unstartedStatus('Failed', 'PipelineNotFound', error.message, base)
  if (error instanceof ReuseError) return unstartedStatus('Failed', 'ReuseNotPossible', error.message, base)
  if (!isInvalidInput(error)) return undefined
  const count = error.issues.length
  const text = `${count} problem${count === 1 ? '' : 's'}:\n${error.issues.map(formatIssue).join('\n')}`
  return unstartedStatus('Failed', 'InvalidPipeline', text, base)
}

function isInvalidInput(error: unknown): error is InvalidInputError {
  return error instanceof Error && (error as { code?: string }).code === 'invalid-input'
}
