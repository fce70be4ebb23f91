/** Public entry `kfp-ts/client`: run pipelines on a cluster, or on this machine (`LocalClient`). */

export type { LocalClientOptions, LocalRun, LocalRunReport, LocalRunSettings } from '../local/local-client.ts'
export { Client, type ClientOptions, type RunOptions, type RunPlace, type RunSettings } from './client.ts'
export { KubeConnectionError, KubeError } from './kube/transport.ts'
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
export type { RunEnd, RunHandle } from './run-handle.ts'
export type { LogPiece, RunLogOptions } from './run-logs.ts'
export type {
  NewRun,
  PipelineRun,
  RerunOptions,
  RunSelection,
  RunsClient,
  WaitOptions,
} from './runs.ts'
export { ServerError } from './server-error.ts'
export type { TaskPod } from './task-pod.ts'
export type { ArgumentsOf, ArtifactArgument, OutputsOf } from './typed-run.ts'
