/** What a PipelineRun's status says of a session. Pure: a report in, a status out, of constant size. */
import type {
  Condition,
  PipelineRunStatus,
  RunPhase,
  RunReason,
  TaskAttention,
  TaskCounts,
} from '../api/pipeline-run.ts'
import type { FailureCause, RunReport, TaskReport } from '../api/run-report.ts'
import { FAILURE_CAUSES } from '../api/run-report.ts'
import type { Attempt } from './attempts.ts'
import { isSameJson } from './same-json.ts'

export interface StatusInput {
  readonly report: RunReport
  readonly attempts: Iterable<Attempt>
  readonly pipelineName: string
  readonly pipelineDigest: string
  readonly suspended: boolean
  readonly cancelRequested: boolean
  readonly podsCreated: number
  readonly observedGeneration: number
  readonly retryCount: number
  readonly startedAt: number
  /** Set once, when the run was first seen finished. */
  readonly finishedAt?: number | undefined
  /** How long after its end the pipeline wants the run removed. */
  readonly pipelineTtlSeconds?: number | undefined
  /** Tasks that could start but for the run's own limit of pods at once. */
  readonly queuedTasks?: number | undefined
  readonly parallelism?: number | undefined
  readonly now: number
  /** For the transition times of conditions. */
  readonly previous?: PipelineRunStatus | undefined
}

const MAX_OUTPUT_BYTES = 16 * 1024
const MAX_ATTENTION = 10
const MAX_MESSAGE = 1024
/** Shorter waits are normal and not worth a person's attention. */
const PATIENCE_MILLIS = 5_000

export function runStatus(input: StatusInput): PipelineRunStatus {
  const { report } = input
  const counts = countTasks(report.tasks)
  const attention = attentionOf(input)
  const phase = phaseOf(input)
  const { reason, message } = explain(input, phase, counts, attention)
  const outputs = boundedOutputs(report.outputs)
  const done = counts.succeeded + counts.cached + counts.skipped + counts.failed + counts.canceled
  return {
    observedGeneration: input.observedGeneration,
    phase,
    reason,
    message: clip(
      outputs.omitted ? `${message}; outputs are too large for the resource: ask the server or the store` : message,
    ),
    pipeline: input.pipelineName,
    pipelineDigest: input.pipelineDigest,
    startTime: iso(input.startedAt),
    completionTime: input.finishedAt === undefined ? undefined : iso(input.finishedAt),
    expirationTime: expirationOf(input),
    counts,
    progress: `${done}/${counts.total}`,
    outputs: outputs.value,
    attention,
    podsCreated: input.podsCreated,
    retryCount: input.retryCount,
    conditions: conditions(input, phase, reason, message),
  }
}

function phaseOf({ report, suspended, cancelRequested }: StatusInput): RunPhase {
  switch (report.state) {
    case 'SUCCEEDED':
    case 'SKIPPED':
      return 'Succeeded'
    case 'FAILED':
      return 'Failed'
    case 'CANCELED':
      return 'Canceled'
    default:
      if (cancelRequested) return 'Canceling'
      return suspended ? 'Paused' : 'Running'
  }
}

function explain(
  input: StatusInput,
  phase: RunPhase,
  counts: TaskCounts,
  attention: readonly TaskAttention[],
): { reason: RunReason; message: string } {
  const { report, suspended } = input
  switch (phase) {
    case 'Succeeded':
      return { reason: 'Succeeded', message: `${counts.succeeded} tasks ran, ${counts.cached} came from the cache` }
    case 'Failed': {
      const { code, message = 'a task failed', task } = report.error ?? {}
      const where = task ? `${task.replace(/^root\//, '')}: ` : ''
      return { reason: code === 'timeout' && !task ? 'TimedOut' : 'TaskFailed', message: `${where}${message}` }
    }
    case 'Canceled':
    case 'Canceling':
      return { reason: 'Canceled', message: report.error?.message ?? 'canceled on request' }
    default:
      if (suspended)
        return {
          reason: 'Suspended',
          message: `${counts.running} tasks still run; none is started while spec.suspend is true`,
        }
      return { reason: 'Running', message: runningMessage(input, counts, attention) }
  }
}

function runningMessage(
  { report, queuedTasks = 0, parallelism }: StatusInput,
  counts: TaskCounts,
  attention: readonly TaskAttention[],
): string {
  const waiting = attention.find(({ state }) => state === 'WAITING')
  const podless = report.tasks.filter(({ waitingFor }) => waitingFor !== undefined)
  const first = podless[0]
  const seen = first ? `, ${podless.length} wait without a pod (${first.path}: ${first.waitingFor})` : ''
  const text = `${counts.running - podless.length} tasks run${seen}`
  if (waiting) return `${text}; ${waiting.path} waits: ${waiting.message}`
  if (queuedTasks === 0) return text
  return `${text}; ${queuedTasks} wait: the run's limit of ${parallelism} pods at once is reached`
}

function expirationOf({ finishedAt, pipelineTtlSeconds }: StatusInput): string | undefined {
  if (finishedAt === undefined || pipelineTtlSeconds === undefined) return undefined
  return iso(finishedAt + pipelineTtlSeconds * 1000)
}

function countTasks(tasks: readonly TaskReport[]): TaskCounts {
  const counts = { total: 0, pending: 0, running: 0, succeeded: 0, cached: 0, skipped: 0, failed: 0, canceled: 0 }
  for (const { state } of tasks) {
    counts.total++
    counts[state.toLowerCase() as Exclude<keyof TaskCounts, 'total'>]++
  }
  return counts
}

function attentionOf({ report, attempts, now }: StatusInput): TaskAttention[] {
  const list: TaskAttention[] = []
  for (const { path, state, error, attempts: attempt } of report.tasks) {
    if (state !== 'FAILED' || !error || list.length >= MAX_ATTENTION) continue
    // A group fails because of a task in it; the task itself is what a person looks at.
    if (error.task !== undefined && error.task !== path) continue
    list.push({ path, state, attempt, message: clip(error.message), ...causeOf(error.code) })
  }
  for (const { task, attempt, podName, waiting } of attempts) {
    if (!waiting || now - waiting.since < PATIENCE_MILLIS || list.length >= MAX_ATTENTION) continue
    list.push({ path: task, state: 'WAITING', attempt, pod: podName, message: clip(waiting.message) })
  }
  return list
}

function causeOf(code: string): { cause?: FailureCause } {
  return (FAILURE_CAUSES as readonly string[]).includes(code) ? { cause: code as FailureCause } : {}
}

function boundedOutputs(outputs: RunReport['outputs']): { value?: RunReport['outputs']; omitted: boolean } {
  if (Object.keys(outputs).length === 0) return { omitted: false }
  const fits = Buffer.byteLength(JSON.stringify(outputs)) <= MAX_OUTPUT_BYTES
  return fits ? { value: outputs, omitted: false } : { omitted: true }
}

function conditions(input: StatusInput, phase: RunPhase, reason: RunReason, message: string): Condition[] {
  const succeeded = phase === 'Succeeded' ? 'True' : phase === 'Failed' || phase === 'Canceled' ? 'False' : 'Unknown'
  return [
    condition(input, 'Valid', 'True', 'Running', 'the pipeline and its arguments are valid'),
    condition(input, 'Started', 'True', 'Running', 'the run was started'),
    condition(input, 'Succeeded', succeeded, reason, clip(message)),
  ]
}

function condition(
  { previous, now, observedGeneration }: Pick<StatusInput, 'previous' | 'now' | 'observedGeneration'>,
  type: Condition['type'],
  status: Condition['status'],
  reason: RunReason,
  message: string,
): Condition {
  const before = previous?.conditions?.find((one) => one.type === type)
  const lastTransitionTime = before?.status === status ? before.lastTransitionTime : iso(now)
  return { type, status, reason, message, lastTransitionTime, observedGeneration }
}

/** The status of a run that never started: invalid, not found, or waiting in the queue. */
export function unstartedStatus(
  phase: 'Failed' | 'Queued' | 'Canceled' | 'Paused',
  reason: RunReason,
  message: string,
  base: {
    readonly now: number
    readonly observedGeneration: number
    /** Of the spec that came to this: a run that ended has no retry before it. */
    readonly retryCount: number
    readonly previous?: PipelineRunStatus | undefined
  },
): PipelineRunStatus {
  const final = phase === 'Failed' || phase === 'Canceled'
  const valid = reason === 'InvalidPipeline' || reason === 'PipelineNotFound' ? 'False' : 'Unknown'
  return {
    observedGeneration: base.observedGeneration,
    phase,
    reason,
    message: message.slice(0, 30_000),
    completionTime: final ? iso(base.now) : undefined,
    retryCount: final ? base.retryCount : undefined,
    conditions: [
      condition(base, 'Valid', valid, reason, message.slice(0, 30_000)),
      condition(base, 'Succeeded', final ? 'False' : 'Unknown', reason, clip(message)),
    ],
  }
}

const clip = (text: string): string => (text.length > MAX_MESSAGE ? `${text.slice(0, MAX_MESSAGE - 1)}…` : text)
const iso = (at: number): string => new Date(at).toISOString().replace(/\.\d+Z$/, 'Z')

/** A merge patch from one status to the next: fields that are gone become null. Undefined when nothing changed. */
export function statusPatch(before: PipelineRunStatus | undefined, after: PipelineRunStatus): object | undefined {
  const patch: Record<string, unknown> = {}
  const old = (before ?? {}) as Record<string, unknown>
  const fresh = after as Record<string, unknown>
  for (const field of new Set([...Object.keys(old), ...Object.keys(fresh)])) {
    if (isSameJson(old[field], fresh[field])) continue
    patch[field] = replacement(old[field], fresh[field])
  }
  return Object.keys(patch).length > 0 ? patch : undefined
}

/** Merge patches go into objects: members that are gone have to be named. Lists are replaced as a whole. */
function replacement(old: unknown, fresh: unknown): unknown {
  if (fresh === undefined) return null
  if (typeof fresh !== 'object' || fresh === null || Array.isArray(fresh)) return fresh
  if (typeof old !== 'object' || old === null || Array.isArray(old)) return fresh
  const gone = Object.keys(old).filter((key) => !(key in fresh))
  return { ...fresh, ...Object.fromEntries(gone.map((key) => [key, null])) }
}
