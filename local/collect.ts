/** After a step: reads what it left and publishes it: values by their declared types, artifacts with their digests. */
import { cp } from 'node:fs/promises'
import type { RuntimeArtifact, TaskOutputs } from '../api/executor-io.ts'
import { collectOutputs } from '../engine/index.ts'
import type { AttemptFailure, Launch } from '../engine/types.ts'
import { digestPath, isMissing } from '../store/digest.ts'
import { readTextIfThere } from '../store/read-file.ts'
import { localPathOf } from './import-artifact.ts'

/** @returns the outputs of a step that ended well, or why they are not what its component declares */
export async function collectStepOutputs(
  launch: Launch,
): Promise<{ readonly outputs: TaskOutputs } | { readonly failure: AttemptFailure }> {
  const names = Object.entries(launch.outputs.parameters)
  const files = await Promise.all(
    names.map(async ([name, { outputFile }]) => [name, await readTextIfThere(outputFile)] as const),
  )
  const collected = collectOutputs(launch, {
    executorOutput: await readTextIfThere(launch.executorInput.outputs.outputFile),
    parameterFiles: Object.fromEntries(files),
  })
  if ('failure' in collected) return collected
  return { outputs: await withDigests(collected.outputs, launch) }
}

async function withDigests(outputs: TaskOutputs, launch: Launch): Promise<TaskOutputs> {
  const artifacts: Record<string, RuntimeArtifact[]> = {}
  for (const [name, list] of Object.entries(outputs.artifacts)) {
    const declared = launch.outputs.artifacts[name]
    artifacts[name] = await Promise.all(
      list.map(async (reported) => {
        const path = reported.uri === declared?.uri ? declared.path : localPathOf(reported.uri)
        const artifact = await moved(reported, path)
        const digest = path === undefined ? undefined : await digestPath(path)
        return digest === undefined ? artifact : { ...artifact, digest }
      }),
    )
  }
  return { parameters: outputs.parameters, artifacts }
}

/**
 * A step may write elsewhere and say so (`custom_path`). Later steps look at the artifact's own place only (the SDK ignores custom
 * paths of inputs), so the content is copied there.
 */
async function moved({ customPath, ...artifact }: RuntimeArtifact, path: string | undefined): Promise<RuntimeArtifact> {
  if (customPath === undefined || path === undefined) return artifact
  await cp(customPath, path, { recursive: true }).catch((error: unknown) => {
    if (!isMissing(error)) throw error
  })
  return artifact
}
