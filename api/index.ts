/** Public entry `kfp-ts/api`: the documents that cross a process border. */
export type { ArtifactList, ExecutorInput, ExecutorOutput, RuntimeArtifact, TaskOutputs } from './executor-io.ts'
export { formatIssue, InvalidInputError, type Issue, type SourceLocation } from './issue.ts'
export type { JsonObject, JsonPrimitive, JsonValue } from './json.ts'
export * from './pipeline-spec.ts'
export type * from './platform-spec.ts'
export * from './run-report.ts'
