/** Public entry `kfp-ts`: everything an author types. */
export { type Component, type ComponentOptions, defineComponent, type TypeScriptComponent } from './component.ts'
export {
  type AnyPipeline,
  definePipeline,
  isPipeline,
  type PipelineDefinition,
  type PipelineOptions,
} from './pipeline.ts'
export { ArtifactRef, ParameterRef } from './refs.ts'
export { type RetryOptions, type Setting, Task } from './task.ts'
export { t } from './types/index.ts'
