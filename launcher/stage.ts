/** Before a step: its folders and its input artifacts. */
import { mkdir, symlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { StagingPlan } from '../api/staging-plan.ts'
import type { ArtifactStore } from '../store/artifact-store.ts'

/** Rejects when an input can't be copied; the step then does not start. An input that a step never wrote is left out. */
export async function stage(plan: StagingPlan, store: Pick<ArtifactStore, 'download'>): Promise<void> {
  for (const folder of plan.folders) await mkdir(folder, { recursive: true })
  for (const { path, target } of plan.links ?? []) {
    await mkdir(dirname(path), { recursive: true })
    await symlink(target, path).catch((error: NodeJS.ErrnoException) => {
      // The container was started again.
      if (error.code !== 'EEXIST') throw error
    })
  }
  for (const { uri, path } of plan.inputs) {
    await mkdir(dirname(path), { recursive: true })
    const found = await store.download(uri, path)
    if (!found && plan.onlyStage) throw new Error(`there is nothing to import at ${uri}`)
    process.stdout.write(
      `${uri} -> ${path}: ${found ? `${found.files} files, ${found.bytes} bytes` : 'nothing there'}\n`,
    )
  }
}
