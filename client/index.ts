/** Public entry `kfp-ts/client`: run pipelines on a cluster, or on this machine (`LocalClient`). */

export type { LocalClientOptions, LocalRun, LocalRunReport, LocalRunSettings } from '../local/local-client.ts'
export {
  type ArgumentsOf,
  Client,
  type ClientOptions,
  type OutputsOf,
  type RunHandle,
  type RunOptions,
} from './client.ts'
export { createRunFromPipelineFunc, LocalClient } from './local-client.ts'
export { ModelRegistry, RegistryError } from './model-registry.ts'
export type {
  DeployOptions,
  HistoryLine,
  Lineage,
  ModelDeployment,
  ModelVersion,
  Origin,
  Promotion,
  PromotionGate,
  PromotionRecord,
  RegistryConnection,
  TrackedRun,
} from './model-registry-types.ts'
export type { RunEvent } from './run-event.ts'
export type { LogPiece, RunLogOptions } from './run-logs.ts'
export type {
  NewRun,
  PipelineRun,
  RerunOptions,
  RunSelection,
  RunsClient,
  WaitOptions,
} from './runs.ts'
export type { TaskPod } from './task-pod.ts'
