/** Public entry `kfp-ts`: everything an author types. */
export { macros, type ScheduleOptions, triggers } from '../api/schedule-options.ts'
export type { ScheduleTrigger } from '../api/scheduled-run.ts'
export { type Component, type ComponentOptions, defineComponent, type TypeScriptComponent } from './component.ts'
export {
  and,
  atLeast,
  atMost,
  Condition,
  equals,
  greaterThan,
  isIn,
  lessThan,
  not,
  notEquals,
  or,
} from './condition.ts'
export { type ContainerComponentOptions, defineContainerComponent } from './container.ts'
export { type ExitHandler, exitHandler } from './control/exit-handler.ts'
export { type Branches, If, oneOf } from './control/if.ts'
export { collected, type LoopOptions, parallelFor } from './control/parallel-for.ts'
export { asComponent, type ComponentDecoratorOptions, component, pipeline, pipelinesOfClass } from './decorators.ts'
export { type ImporterOptions, importer } from './importer.ts'
export { kubernetes } from './kubernetes.ts'
export { loadComponentFromText } from './load/component-text.ts'
export type { LoadedComponent } from './load/loaded.ts'
export { loadComponentFromFile, loadComponentFromUrl } from './node/load.ts'
export {
  type AnyPipeline,
  definePipeline,
  isPipeline,
  type PipelineDefinition,
  type PipelineOptions,
} from './pipeline.ts'
export { concat, executorInput, ifPresent, type Placeholder, type PlaceholderPart } from './placeholders.ts'
export { ArtifactRef, ParameterRef } from './refs.ts'
export type { RunContext, RunInputArtifact, RunOutputArtifact } from './run-artifacts.ts'
export { type RetryOptions, type Setting, Task } from './task.ts'
export { text } from './text.ts'
export type { ArtifactType } from './types/artifacts.ts'
export { t } from './types/index.ts'
export type { FinalStatus, ParameterType } from './types/parameters.ts'
export {
  type AliasWaitOptions,
  type HttpWaitOptions,
  type ObjectWaitOptions,
  type PolledWaitOptions,
  type ResourceWaitOptions,
  type RunWaitOptions,
  type TimeWaitOptions,
  type WaitOptions,
  waitFor,
} from './wait-for.ts'
