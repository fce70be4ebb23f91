/** Before a step: its folders and its input artifacts. */
import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { StagingPlan } from '../api/staging-plan.ts'
import type { ArtifactStore } from '../store/artifact-store.ts'

/** Rejects when an input can't be copied; the step then does not start. An input that was never written is left out. */
export async function stage(plan: StagingPlan, store: Pick<ArtifactStore, 'download'>): Promise<void> {
  for (const folder of plan.folders) await mkdir(folder, { recursive: true })
  for (const { uri, path } of plan.inputs) {
    await mkdir(dirname(path), { recursive: true })
    const found = await store.download(uri, path)
    process.stdout.write(
      `${uri} -> ${path}: ${found ? `${found.files} files, ${found.bytes} bytes` : 'nothing there'}\n`,
    )
  }
}
