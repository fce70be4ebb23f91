/** The results of an earlier run of the cluster, for a run whose `spec.reuseFrom` names it. Read from the database, never from the resource. */
import { isFinalPhase, type PipelineRunSpec } from '../api/pipeline-run.ts'
import type { KubeClient } from '../client/kube/client.ts'
import { PIPELINE_RUNS } from '../client/kube/resources.ts'
import { isNotFound } from '../client/kube/transport.ts'
import { findReusable, type ReusableResults, reusableResults } from '../engine/index.ts'
import type { CacheAnswer, CacheKey, RunConfig } from '../engine/types.ts'
import type { PipelineLoader } from './load-pipeline.ts'
import { replay } from './replay.ts'
import type { RunRecords } from './run-records.ts'
import { damageOfOutputs, type RunStore } from './run-store.ts'
import { type PipelineRun, viewRun } from './run-view.ts'

/** Answers `find-reusable` for one session; the earlier run is read when first asked, and forgotten with the session. */
export type Reuse = (runId: string, task: string, contentKey: CacheKey) => Promise<CacheAnswer>

export interface ReusePorts {
  readonly records: RunRecords
  readonly loader: Pick<PipelineLoader, 'fromText'>
  readonly store: RunStore
}

export function openReuse(ports: ReusePorts): Reuse {
  let results: Promise<ReusableResults | undefined> | undefined
  return async (runId, task, contentKey) => {
    results ??= resultsOfRun(ports, runId)
    const known = await results
    if (!known) return { hit: false, reason: `the records of run ${runId} are not there any more` }
    const answer = findReusable(known, task, contentKey)
    const damage = answer.hit ? await damageOfOutputs(ports.store, answer.outputs) : undefined
    return damage ? { hit: false, reason: `its result in run ${known.runName} can't be used: ${damage}` } : answer
  }
}

/** @returns undefined for a run that never started, or was deleted */
export async function resultsOfRun(
  { records, loader }: Omit<ReusePorts, 'store'>,
  runId: string,
): Promise<ReusableResults | undefined> {
  const stored = await records.load(runId)
  if (!stored) return undefined
  const { program, state } = replay(loader, stored)
  return reusableResults(program, state)
}

/** The run of `spec.reuseFrom` can't be reused; the message says why and what to do. */
export class ReuseError extends Error {
  readonly code = 'reuse-not-possible'
}

/** Finds the run that `spec.reuseFrom` names. Rejects with ReuseError, or the API server's or database's trouble. */
export async function reusedRun(
  kube: KubeClient,
  records: RunRecords,
  namespace: string,
  { reuseFrom }: PipelineRunSpec,
): Promise<RunConfig['reuse']> {
  if (!reuseFrom) return undefined
  const named = `spec.reuseFrom names the run "${reuseFrom.run}"`
  const earlier = await kube.get<PipelineRun>(PIPELINE_RUNS, namespace, reuseFrom.run).catch((error): never => {
    if (!isNotFound(error)) throw error
    throw new ReuseError(`${named}, which is not in namespace "${namespace}": submit without it, or name another run`)
  })
  const { status } = earlier
  if (!isFinalPhase(status?.phase))
    throw new ReuseError(`${named}, which has not ended (${status?.phase ?? 'Pending'}): wait for its end or cancel it`)
  const run = viewRun(earlier)
  if (!(await records.owns(run)) || !(await records.has(run.runId)))
    throw new ReuseError(`${named}, which never started: there is nothing to reuse, submit without it`)
  return { runId: run.runId, runName: run.name }
}
