/** Public entry `kfp-ts/client`: run pipelines on a cluster. */
export {
  type ArgumentsOf,
  Client,
  type ClientOptions,
  type OutputsOf,
  type RunHandle,
  type RunOptions,
} from './client.ts'
export type { NewRun, PipelineRun, RunsClient, TaskPod, WaitOptions } from './runs.ts'
