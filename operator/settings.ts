/** How one operator is set up: made by the command line, read by every part. */
import type { FailureCause } from '../api/run-report.ts'
import type { RetryBudget } from '../engine/types.ts'
import type { PodSettings } from './pod/build-pod.ts'
import type { WaitSettings } from './wait-sources.ts'

export interface OperatorSettings {
  /** Undefined: all namespaces. */
  readonly namespace?: string | undefined
  /** Only runs with these labels; several operators can share a cluster. */
  readonly runSelector?: string | undefined
  /** Who we are, in leases and events. */
  readonly identity: string
  readonly pods: PodSettings
  readonly serviceAccountName?: string | undefined
  /** Image with `kfp-ts serve-model`, for model deployments that name none. */
  readonly servingImage: string
  readonly limits: Limits
  /** What waiting tasks may look at. */
  readonly waits: WaitSettings
  /** Budgets of causes that a run's own `retries` leave open. */
  readonly retries: Readonly<Partial<Record<FailureCause, RetryBudget>>>
  /** How long a pod may fail to get its image before the attempt fails. @default 60_000 */
  readonly imageGraceMillis: number
  /** The same for a missing Secret, ConfigMap or a container that can't be made. @default 60_000 */
  readonly configurationGraceMillis: number
  /** Least time between two status writes of a run that goes on. @default 1000 */
  readonly statusIntervalMillis: number
  /** Least time between two writes of the record that servers show. @default 5000 */
  readonly recordIntervalMillis?: number | undefined
}

export interface Limits {
  readonly activeRuns: number
  readonly activeRunsPerNamespace: number
  readonly activeRunsPerPipeline: number
  /** Pods of all runs at once. */
  readonly pods: number
  readonly podsPerNamespace: number
  readonly podsPerPipeline: number
  /** Pods of a run that sets no `parallelism`. */
  readonly podsPerRun: number
  /** Pool name to its size: runs that name it take their weight of it and, counted apart, so do the pods of tasks. */
  readonly pools: Readonly<Record<string, number>>
}

export const DEFAULT_LIMITS: Limits = {
  activeRuns: 1000,
  activeRunsPerNamespace: 1000,
  activeRunsPerPipeline: 1000,
  pods: 400,
  podsPerNamespace: 400,
  podsPerPipeline: 400,
  podsPerRun: 200,
  pools: {},
}

/** The cluster's own trouble is retried without being asked; a program's failure only when the pipeline says so. */
export const DEFAULT_RETRIES: OperatorSettings['retries'] = {
  preempted: { maxRetries: 10, backoffMillis: 1_000, maxBackoffMillis: 60_000 },
  evicted: { maxRetries: 5, backoffMillis: 5_000, maxBackoffMillis: 60_000 },
  infrastructure: { maxRetries: 5, backoffMillis: 2_000, maxBackoffMillis: 60_000 },
}
