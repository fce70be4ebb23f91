/** Public entry `kfp-ts/api`: the documents that cross a process border. */

export { closest } from './closest.ts'
export type { ArtifactList, ExecutorInput, ExecutorOutput, RuntimeArtifact, TaskOutputs } from './executor-io.ts'
export { formatIssue, InvalidInputError, type Issue, type SourceLocation } from './issue.ts'
export { ISSUE_CODES, type IssueCode } from './issue-codes.ts'
export type { JsonObject, JsonPrimitive, JsonValue } from './json.ts'
export { type ParseOptions, type ParseResult, parsePipelineDocument } from './parse.ts'
export {
  type ArtifactInputSpec,
  type ArtifactIteratorSpec,
  type ArtifactOutputSpec,
  type ArtifactSelectorSpec,
  type ArtifactTypeSchema,
  type CachingOptions,
  type ComponentInputsSpec,
  type ComponentOutputsSpec,
  type ComponentSpec,
  type DagOutputArtifactSpec,
  type DagOutputParameterSpec,
  type DagSpec,
  type ExecutorSpec,
  type ImporterSpec,
  PARAMETER_TYPES,
  type ParameterInputSpec,
  type ParameterIteratorSpec,
  type ParameterOutputSpec,
  type ParameterSelectorSpec,
  type ParameterType,
  type PipelineContainerSpec,
  type PipelineInfo,
  type PipelineSpec,
  type PipelineTaskSpec,
  type ResourceSpec,
  type RetryPolicy,
  type TaskConfigField,
  type TaskConfigPassthrough,
  type TaskInputArtifactSpec,
  type TaskInputParameterSpec,
  type TaskInputsSpec,
  type TriggerStrategy,
} from './pipeline-spec.ts'
export type {
  ConfigMapAsEnv,
  ConfigMapAsVolume,
  EmptyDirMount,
  GenericEphemeralVolume,
  ImagePullSecret,
  InitContainer,
  KubernetesExecutorConfig,
  KubernetesPipelineConfig,
  KubernetesPlatform,
  NodeAffinityTerm,
  NodeSelector,
  PipelineDocument,
  PlatformParameter,
  PlatformSpec,
  PvcMount,
  SecretAsEnv,
  SecretAsVolume,
  Toleration,
} from './platform-spec.ts'
export {
  FAILURE_CAUSES,
  type FailureCause,
  RUN_STATES,
  type RunError,
  type RunReport,
  type RunStateWord,
  TASK_STATES,
  type TaskReport,
  type TaskStateWord,
} from './run-report.ts'
