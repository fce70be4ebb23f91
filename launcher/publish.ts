/** After a step: its outputs go to the store, and a result that the operator reads says what was there. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ExecutorOutput } from '../api/executor-io.ts'
import type { StagingPlan, StagingResult } from '../api/staging-plan.ts'
import type { ArtifactStore } from '../store/artifact-store.ts'
import { digestPath } from '../store/digest.ts'
import { readTextIfThere } from '../store/read-file.ts'

/** The result is written last, so that its presence means everything else is there. */
export async function publish(plan: StagingPlan, store: Pick<ArtifactStore, 'upload'>): Promise<void> {
  const result = await publishOutputs(plan, store)
  const folder = await mkdtemp(join(tmpdir(), 'kfp-ts-'))
  try {
    const file = join(folder, 'result.json')
    await writeFile(file, JSON.stringify(result))
    await store.upload(file, plan.resultUri)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function publishOutputs(plan: StagingPlan, store: Pick<ArtifactStore, 'upload'>): Promise<StagingResult> {
  const executorOutput = await readTextIfThere(plan.executorOutputFile)
  const parameterFiles: Record<string, string> = {}
  for (const [name, path] of Object.entries(plan.parameterFiles)) {
    const text = await readTextIfThere(path)
    if (text !== undefined) parameterFiles[name] = text
  }
  const digests: Record<string, string> = {}
  try {
    const elsewhere = customPaths(executorOutput)
    for (const { name, uri, path } of plan.outputs) {
      const from = elsewhere.get(name) ?? path
      const digest = await digestPath(from)
      if (digest === undefined) continue
      await store.upload(from, uri)
      digests[name] = digest
    }
    return { executorOutput, parameterFiles, digests }
  } catch (error) {
    return { executorOutput, parameterFiles, digests, error: error instanceof Error ? error.message : String(error) }
  }
}

/** Files that the step wrote in another place than the one it was given. */
function customPaths(executorOutput: string | undefined): Map<string, string> {
  const paths = new Map<string, string>()
  try {
    const { artifacts = {} } = JSON.parse(executorOutput ?? '{}') as ExecutorOutput
    for (const [name, list] of Object.entries(artifacts)) {
      const path = list.artifacts[0]?.customPath ?? list.artifacts[0]?.custom_path
      if (path) paths.set(name, path)
    }
  } catch {
    // The engine says what is wrong with the text when it reads it.
  }
  return paths
}
