/** How one process asks another to cancel a run of this machine: a file in the run's folder, which whoever carries it out looks for. */
import { existsSync } from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { RunPaths } from '../store/run-folder.ts'

const LOOK_MILLIS = 250

const fileOf = (paths: RunPaths): string => join(paths.folder, 'cancel')

export async function requestCancel(paths: RunPaths): Promise<void> {
  await writeFile(fileOf(paths), '')
}

/** A request to an earlier process is not meant for this one. */
export async function forgetCancelRequest(paths: RunPaths): Promise<void> {
  await rm(fileOf(paths), { force: true })
}

/** @returns a function that stops looking */
export function watchCancelRequest(paths: RunPaths, onRequest: () => void): () => void {
  const timer = setInterval(() => {
    if (!existsSync(fileOf(paths))) return
    clearInterval(timer)
    onRequest()
  }, LOOK_MILLIS)
  timer.unref()
  return () => clearInterval(timer)
}
