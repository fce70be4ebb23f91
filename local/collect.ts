/** After a step: reads what it left and publishes it: values by their declared types, artifacts with their digests. */
import { existsSync } from 'node:fs'
import { cp } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { RuntimeArtifact, TaskOutputs } from '../api/executor-io.ts'
import { collectOutputs } from '../engine/index.ts'
import type { AttemptFailure, Launch } from '../engine/types.ts'
import { digestPath } from '../store/digest.ts'
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
  const problems = await moveToTheirPlaces(collected.outputs, launch)
  if (problems.length > 0) return { failure: { cause: 'application', message: problems.join('; ') } }
  return { outputs: await withDigests(collected.outputs, launch) }
}

/**
 * A step may write elsewhere and say so (`custom_path`). Later steps look at the artifact's own place only (the SDK ignores custom
 * paths of inputs), so the content is copied there.
 *
 * @returns what the step named and did not write
 */
async function moveToTheirPlaces({ artifacts }: TaskOutputs, launch: Launch): Promise<string[]> {
  const problems: string[] = []
  for (const [name, list] of Object.entries(artifacts)) {
    for (const artifact of list) {
      const place = placeOf(name, artifact, launch)
      if (artifact.customPath === undefined || place === undefined) continue
      // The step began in its scratch folder: its relative paths mean that.
      const path = resolve(launch.scratchDir, artifact.customPath)
      if (path === resolve(place)) continue
      if (existsSync(path)) await cp(path, place, { recursive: true })
      else problems.push(`its output "${name}" is not where it says: there is nothing at ${path}`)
    }
  }
  return problems
}

function placeOf(name: string, { uri }: RuntimeArtifact, { outputs }: Launch): string | undefined {
  const declared = outputs.artifacts[name]
  return uri === declared?.uri ? declared.path : localPathOf(uri)
}

async function withDigests(outputs: TaskOutputs, launch: Launch): Promise<TaskOutputs> {
  const artifacts: Record<string, RuntimeArtifact[]> = {}
  for (const [name, list] of Object.entries(outputs.artifacts)) {
    artifacts[name] = await Promise.all(
      list.map(async ({ customPath: _, ...artifact }) => {
        const path = placeOf(name, artifact, launch)
        const digest = path === undefined ? undefined : await digestPath(path)
        return digest === undefined ? artifact : { ...artifact, digest }
      }),
    )
  }
  return { parameters: outputs.parameters, artifacts }
}
