/** Removes a run of this machine: with the steps that a killed kfp-ts left running, and not while others need what it made. */
import { readdir, rm } from 'node:fs/promises'
import { pathToFileURL } from 'node:url'
import type { RunReport } from '../api/run-report.ts'
import { isMissing } from '../store/digest.ts'
import { listRunIds, type RunPaths, readReport, runPaths } from '../store/run-folder.ts'
import { replayedReport } from './describe.ts'
import { findLeftBehind } from './supervise.ts'

/** How long a step may take to end by itself. */
const GRACE_MILLIS = 10_000

/** Who asks holds the run's lock: nobody takes it up meanwhile. */
export async function removeRun(paths: RunPaths): Promise<void> {
  await endLeftBehind(paths)
  await rm(paths.folder, { recursive: true, force: true })
}

async function endLeftBehind({ attempts }: RunPaths): Promise<void> {
  const left = await Promise.all([...(await attemptFolders(attempts))].map(findLeftBehind))
  const running = left.flatMap((found) => (found.kind === 'running' ? [found.process] : []))
  for (const process of running) process.stop(GRACE_MILLIS)
  await Promise.all(running.map(({ ended }) => ended))
}

async function attemptFolders(attempts: string): Promise<ReadonlySet<string>> {
  try {
    const entries = await readdir(attempts, { recursive: true, withFileTypes: true })
    return new Set(entries.filter((entry) => entry.isFile()).map(({ parentPath }) => parentPath))
  } catch (error) {
    if (isMissing(error)) return new Set()
    throw error
  }
}

/** Other runs whose results are artifacts in the folder of this one: they took them from the cache, or reuse or import them. */
export async function runsThatNeed(root: string, runId: string): Promise<string[]> {
  const { folder } = runPaths(root, runId)
  const others = (await listRunIds(root)).filter((other) => other !== runId)
  const needing: string[] = []
  for (const other of others) if (liesBelow(folder, await reportOf(root, other))) needing.push(other)
  return needing.sort()
}

/** Of a run that has not ended, so far. A folder that holds no run, or one that nobody can read, needs nothing. */
async function reportOf(root: string, runId: string): Promise<RunReport | undefined> {
  return (
    (await readReport(runPaths(root, runId))) ??
    (await replayedReport(root, runId).then(
      ({ report }) => report,
      () => undefined,
    ))
  )
}

function liesBelow(folder: string, report: RunReport | undefined): boolean {
  const artifacts = (report?.tasks ?? []).flatMap(({ outputs }) => Object.values(outputs.artifacts).flat())
  const places = [`${folder}/`, `${pathToFileURL(folder).href}/`]
  return artifacts.some(({ uri }) => places.some((place) => uri.startsWith(place)))
}
