/** Runs of `kfp-ts run` on this machine, by their folders. */
import type { JsonObject } from '../api/json.ts'
import type { RunWait, Sight } from '../api/wait.ts'
import type { RunConfig } from '../engine/types.ts'
import { lockHolder } from '../store/lock.ts'
import { listRunIds, readManifest, readReport, runPaths } from '../store/run-folder.ts'
import type { Look } from './poll.ts'

export function localRunLook(root: string): Look<RunWait> {
  return async (wait) => {
    const runId = await findRun(root, wait)
    return runId === undefined ? { kind: 'run' } : await lookAt(root, runId)
  }
}

/** The newest of those that fit. */
async function findRun(root: string, { run, pipeline, logicalDate }: RunWait): Promise<string | undefined> {
  const ids = await listRunIds(root)
  if (run !== undefined && ids.includes(run)) return run
  let newest: { readonly id: string; readonly createTime: number } | undefined
  for (const id of ids) {
    const manifest = await readManifest<RunConfig>(runPaths(root, id))
    if (!manifest) continue
    const { config, document } = manifest
    const isWanted =
      run === undefined
        ? document.spec.pipelineInfo.name === pipeline && config.scheduleTime === logicalDate
        : config.runName === run
    if (isWanted && config.createTime >= (newest?.createTime ?? 0)) newest = { id, createTime: config.createTime }
  }
  return newest?.id
}

async function lookAt(root: string, runId: string): Promise<Sight> {
  const paths = runPaths(root, runId)
  const run = { id: runId, outputs: {} as JsonObject }
  if (await lockHolder(paths.lock)) return { kind: 'run', run: { ...run, state: 'RUNNING' } }
  const report = await readReport(paths)
  if (!report) return { kind: 'run', run: { ...run, state: 'INTERRUPTED' } }
  const { outputs, error, state } = report
  return { kind: 'run', run: { ...run, state, outputs, ...(error ? { error: error.message } : {}) } }
}
