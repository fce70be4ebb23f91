/** What the engine is told of a run, from its resource and the operator's settings. Pure. */
import type { PipelineRunSpec } from '../api/pipeline-run.ts'
import type { KubernetesPipelineConfig, PipelineDocument } from '../api/platform-spec.ts'
import type { FailureCause } from '../api/run-report.ts'
import type { RetryBudget, RunConfig } from '../engine/types.ts'
import type { RunIdentity } from './run-session.ts'
import type { RunStore } from './run-store.ts'
import type { OperatorSettings } from './settings.ts'

export interface RunConfigInput {
  readonly run: RunIdentity
  readonly spec: PipelineRunSpec
  readonly document: PipelineDocument
  readonly store: RunStore
  readonly settings: OperatorSettings
  readonly now: number
  /** The run that `spec.reuseFrom` names. */
  readonly reuse?: RunConfig['reuse'] | undefined
  /** The date that the run of a schedule stands for. */
  readonly scheduleTime?: number | undefined
  /** What the store knows of the contents of input artifacts among the arguments. */
  readonly argumentDigests?: RunConfig['argumentDigests']
}

export function runConfig(input: RunConfigInput): RunConfig {
  const { run, spec, document, store, settings, now, reuse, scheduleTime, argumentDigests } = input
  const pipeline = document.spec.pipelineInfo.name
  const platform = document.platform?.platforms.kubernetes?.pipelineConfig
  const timeoutSeconds = spec.timeouts?.runSeconds ?? seconds(platform?.activeDeadlineSeconds)
  const taskSeconds = spec.timeouts?.taskSeconds
  const { scratch } = store.pathsOf(run.runId)
  return {
    runId: run.runId,
    runName: run.displayName,
    // Components look for their pipeline's name in it, as in the names that Kubeflow makes.
    resourceName: run.name.includes(pipeline) ? run.name : `${pipeline}-${run.name}`,
    arguments: spec.arguments ?? {},
    ...(argumentDigests ? { argumentDigests } : {}),
    pipelineRoot: store.rootOf(spec.pipelineRoot),
    scratchRoot: scratch,
    cache: spec.cache ?? true,
    ...(reuse ? { reuse } : {}),
    parallelism: spec.parallelism ?? settings.limits.podsPerRun,
    retries: { ...settings.retries, ...budgets(spec) },
    createTime: now,
    ...(scheduleTime === undefined ? {} : { scheduleTime }),
    ...(timeoutSeconds === undefined ? {} : { timeoutMillis: timeoutSeconds * 1000 }),
    ...(taskSeconds === undefined ? {} : { taskTimeoutMillis: taskSeconds * 1000 }),
  }
}

function budgets(spec: PipelineRunSpec): Partial<Record<FailureCause, RetryBudget>> {
  const entries = Object.entries(spec.retries ?? {}).map(([cause, { limit, backoffSeconds }]) => [
    cause,
    { maxRetries: limit, backoffMillis: (backoffSeconds ?? 10) * 1000 },
  ])
  return Object.fromEntries(entries)
}

/** Seconds after the end at which the pipeline itself asks to be removed. */
export function ttlFromPlatform(document: PipelineDocument, succeeded: boolean): number | undefined {
  const config: KubernetesPipelineConfig | undefined = document.platform?.platforms.kubernetes?.pipelineConfig
  return seconds(
    (succeeded ? config?.resourceTtlOnSuccess : config?.resourceTtlOnFailure) ?? config?.resourceTtlOnCompletion,
  )
}

function seconds(value: number | string | undefined): number | undefined {
  const number = value === undefined ? undefined : Number(value)
  return number !== undefined && Number.isFinite(number) && number > 0 ? number : undefined
}
