/** Cache keys by content: what makes a step's result, and nothing of where and when it ran (kfp-ir.md 2.8). */
import type { RuntimeArtifact } from '../api/executor-io.ts'
import { canonicalJson, digestOf } from './digest.ts'
import type { TaskPlan } from './program.ts'
import type { ResolvedInputs } from './resolved-inputs.ts'
import type { CacheKey, RunConfig } from './types.ts'

/** Only container steps are cached: imports have a rule of their own, and a claim made long ago may be gone. */
export function mayCache({ component, spec }: TaskPlan, config: RunConfig): boolean {
  return config.cache !== false && spec.cachingOptions?.enableCache === true && component.leaf?.kind === 'container'
}

/**
 * Key over image, raw command and arguments, resolved inputs and declared outputs. Input artifacts count by their content where its
 * digest is known, else by their URI. Environment, resources and Kubernetes configuration are no part of it.
 * A `cacheKey` of the author replaces everything but the component.
 *
 * @param image with its placeholder replaced
 */
export function cacheKeyOf(plan: TaskPlan, image: string, inputs: ResolvedInputs): CacheKey {
  const { spec } = plan
  const custom = spec.cachingOptions?.cacheKey
  if (custom) {
    const parts = { component: spec.componentRef.name, cacheKey: custom }
    return { key: digestOf(`${parts.component}\0${custom}`), parts }
  }
  const parts = contentParts(plan, image, inputs)
  return { key: digestOf(JSON.stringify(parts)), parts }
}

/** What makes the result of a step: image, raw command and arguments, resolved inputs, declared outputs. */
export function contentParts(
  { component }: TaskPlan,
  image: string,
  { parameters, artifacts }: ResolvedInputs,
): Record<string, string> {
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
  return parts
}

function contentOf({ uri, digest, type, metadata }: RuntimeArtifact): string {
  const title = type.schemaTitle ?? type.instanceSchema ?? ''
  return `${digest ?? uri} ${title} ${canonicalJson(metadata)}`
}

/** Short texts stay readable for `explain`. */
export function shortValue(text: string): string {
  return text.length <= 100 ? text : `sha256:${digestOf(text)}`
}
