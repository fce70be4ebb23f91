/** The results of an earlier run of this machine, for a run that reuses them. Before: executor.ts asks. */
import { InvalidInputError } from '../api/issue.ts'
import { findReusable, type ReusableResults, reusableResults } from '../engine/index.ts'
import type { CacheAnswer, CacheKey, RunConfig } from '../engine/types.ts'
import { findDamage } from '../store/cache-index.ts'
import { lockHolder } from '../store/lock.ts'
import { readManifest, runPaths } from '../store/run-folder.ts'
import { artifactPath } from './import-artifact.ts'
import { replay } from './replay.ts'

/** @returns undefined when there is no such run (any more) */
export async function resultsOfRun(root: string, runId: string): Promise<ReusableResults | undefined> {
  const paths = runPaths(root, runId)
  const manifest = await readManifest<RunConfig>(paths)
  if (!manifest) return undefined
  const { program, state } = await replay(paths, manifest)
  return reusableResults(program, state)
}

/** Answers `find-reusable`; the earlier run is read once, when first asked. A result counts while its artifacts are as they were. */
export function openReuse(root: string) {
  let results: Promise<ReusableResults | undefined> | undefined
  return async (runId: string, task: string, key: CacheKey): Promise<CacheAnswer> => {
    try {
      results ??= resultsOfRun(root, runId)
      const known = await results
      if (!known) return { hit: false, reason: `run ${runId} is not there any more` }
      const answer = findReusable(known, task, key)
      const damage = answer.hit ? await findDamage(answer.outputs, artifactPath) : undefined
      return damage ? { hit: false, reason: `its result in run ${known.runName} can't be used: ${damage}` } : answer
    } catch (error) {
      return { hit: false, reason: `run ${runId} could not be read: ${(error as Error).message}` }
    }
  }
}

/** @throws InvalidInputError when the run is not there, or goes on: what it will have done is not known yet */
export async function refuseReuse(root: string, runId: string): Promise<void> {
  const paths = runPaths(root, runId)
  const problem = async () => {
    if (!(await readManifest<RunConfig>(paths)))
      return `there is no run "${runId}" in ${root} whose results could be reused`
    const holder = await lockHolder(paths.lock)
    return holder && `run ${runId}, whose results are to be reused, is being carried out by process ${holder.pid}`
  }
  const message = await problem()
  if (message === undefined) return
  const hint = 'name a run that is over: "kfp-ts runs" lists them'
  throw new InvalidInputError([{ code: 'reuse-not-possible', severity: 'error', path: '', message, hint }])
}
