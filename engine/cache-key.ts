/** Cache keys by content: what makes a step's result, and nothing of where and when it ran (kfp-ir.md 2.8). */
import type { RuntimeArtifact } from '../api/executor-io.ts'
import type { JsonObject } from '../api/json.ts'
import { canonicalJson, digestOf } from './digest.ts'
import { resolveKubernetes } from './kubernetes-config.ts'
import type { TaskPlan } from './program.ts'
import { resolvePlatformParameter } from './resolve-inputs.ts'
import type { ResolvedInputs } from './resolved-inputs.ts'
import { planOf, type RunView } from './tree.ts'
import type { CacheKey, RunConfig, TaskPath } from './types.ts'
import { usesWorkspace } from './workspace-use.ts'

/** Only container steps are cached: imports have a rule of their own, and a claim made long ago may be gone. */
export function mayCache({ component, spec }: TaskPlan, config: RunConfig): boolean {
  return config.cache !== false && spec.cachingOptions?.enableCache === true && component.leaf?.kind === 'container'
}

/**
 * Key over image, raw command and arguments, resolved inputs and declared outputs. Input artifacts count by their content where its
 * digest is known, else by their import if that was to be made anew, else by their URI. Of the Kubernetes configuration only the names of mounted claims count, as other claims hold
 * other data; environment and resources do not. A `cacheKey` of the author replaces everything but the component.
 *
 * @param image with its placeholder replaced
 * @param claims what `mountedClaims` says
 */
export function cacheKeyOf(
  plan: TaskPlan,
  config: RunConfig,
  image: string,
  inputs: ResolvedInputs,
  claims: readonly JsonObject[],
): CacheKey {
  const { spec } = plan
  const custom = spec.cachingOptions?.cacheKey
  if (custom) {
    const workspace = workspacePart(plan, config, inputs)
    const parts = { component: spec.componentRef.name, cacheKey: custom, ...workspace }
    return { key: digestOf([parts.component, custom, ...Object.values(workspace)].join('\0')), parts }
  }
  const parts = contentParts(plan, config, image, inputs)
  const names = claims.map(({ pvcName }) => String(pvcName)).sort()
  if (names.length > 0) parts['volumes'] = shortValue(canonicalJson(names))
  return { key: digestOf(JSON.stringify(parts)), parts }
}

/**
 * The resolved `pvcMount` of a step.
 *
 * @throws TaskError when the name of a claim can't be resolved
 */
export function mountedClaims(view: RunView, path: TaskPath, inputs: ResolvedInputs): readonly JsonObject[] {
  const { pvcMount } = planOf(view, view.state.tasks[path]!).component.leaf!.kubernetes
  if (!pvcMount?.length) return []
  const resolved = resolveKubernetes({ pvcMount }, (spec) => resolvePlatformParameter(view, path, spec, inputs))
  return (resolved['pvcMount'] ?? []) as readonly JsonObject[]
}

/** What makes the result of a step: image, raw command and arguments, resolved inputs, declared outputs, and the workspace if it looks there. */
export function contentParts(
  plan: TaskPlan,
  config: RunConfig,
  image: string,
  inputs: ResolvedInputs,
): Record<string, string> {
  const { component } = plan
  const { parameters, artifacts } = inputs
  const parts: Record<string, string> = { image, command: component.leaf!.commandDigest }
  for (const name of Object.keys(parameters).sort())
    parts[`inputs.parameters.${name}`] = shortValue(canonicalJson(parameters[name]!))
  for (const name of Object.keys(artifacts).sort())
    parts[`inputs.artifacts.${name}`] = shortValue(artifacts[name]!.map(contentOf).join(' '))
  const { parameters: outputs = {}, artifacts: artifactOutputs = {} } = component.spec.outputDefinitions ?? {}
  for (const name of Object.keys(outputs).sort())
    parts[`outputs.parameters.${name}`] = String(outputs[name]!.parameterType ?? outputs[name]!.type ?? '')
  for (const name of Object.keys(artifactOutputs).sort()) {
    const { artifactType, metadata = {} } = artifactOutputs[name]!
    parts[`outputs.artifacts.${name}`] = shortValue(canonicalJson({ ...artifactType, metadata }))
  }
  return { ...parts, ...workspacePart(plan, config, inputs) }
}

/** Each run has a workspace of its own: what a step reads and leaves there is not in the workspace of another run. */
function workspacePart(plan: TaskPlan, config: RunConfig, inputs: ResolvedInputs): { readonly workspace?: string } {
  return usesWorkspace(plan, inputs, config) ? { workspace: `of run ${config.runId}` } : {}
}

function contentOf({ uri, digest, importId, type, metadata }: RuntimeArtifact): string {
  const title = type.schemaTitle ?? type.instanceSchema ?? ''
  return `${digest ?? importId ?? uri} ${title} ${canonicalJson(metadata)}`
}

/** Short texts stay readable for `explain`. */
export function shortValue(text: string): string {
  return text.length <= 100 ? text : `sha256:${digestOf(text)}`
}
