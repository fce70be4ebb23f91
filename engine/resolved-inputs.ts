/** Inputs of a task with every reference followed: what conditions, placeholders, caches and executors see. */
import type { RuntimeArtifact } from '../api/executor-io.ts'
import type { JsonValue } from '../api/json.ts'

export interface ResolvedInputs {
  /** Never null: null means absent. Includes inputs that the component does not declare; placeholders name them. */
  readonly parameters: Readonly<Record<string, JsonValue>>
  /** Always lists; a single artifact is a list of one. */
  readonly artifacts: Readonly<Record<string, readonly RuntimeArtifact[]>>
}

export const NO_INPUTS: ResolvedInputs = { parameters: {}, artifacts: {} }
