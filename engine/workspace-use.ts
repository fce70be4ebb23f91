/** Does a step look at its run's workspace? What lies there is neither input nor output, so no key by content covers it. */
import { DEFAULT_WORKSPACE_PATH, workspacePathOf } from './artifact-paths.ts'
import type { TaskPlan } from './program.ts'
import type { ResolvedInputs } from './resolved-inputs.ts'
import type { RunConfig } from './types.ts'

/** Does a raw text of a pipeline name the workspace? */
export function namesWorkspace(text: string): boolean {
  return text.includes('{{$.workspace_path}}') || text.includes(DEFAULT_WORKSPACE_PATH)
}

/** By what is written for the step, or by a path that it is given. */
export function usesWorkspace({ component }: TaskPlan, inputs: ResolvedInputs, config: RunConfig): boolean {
  return component.leaf!.namesWorkspace || hasWorkspacePath(inputs, workspacePathOf(config))
}

/** Is a path in the workspace among the values? */
export function hasWorkspacePath({ parameters }: ResolvedInputs, workspace: string): boolean {
  return Object.values(parameters).some((value) => typeof value === 'string' && value.includes(workspace))
}
