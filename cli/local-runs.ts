/** Finds local runs by what a person types: a run's id, the beginning of one, or `last`. */
import { stat } from 'node:fs/promises'
import { closest } from '../api/closest.ts'
import { InvalidInputError } from '../api/issue.ts'
import type { RunReport } from '../api/run-report.ts'
import type { RunConfig } from '../engine/types.ts'
import { lockHolder } from '../store/lock.ts'
import { listRunIds, readManifest, readReport, runPaths } from '../store/run-folder.ts'
import { usageIssue } from './errors.ts'

/** States of the runs of this machine. */
export const LOCAL_STATES = ['RUNNING', 'INTERRUPTED', 'SUCCEEDED', 'FAILED', 'CANCELED', 'SKIPPED'] as const

/** One line of `kfp-ts runs`. */
export interface LocalRunSummary {
  readonly runId: string
  readonly pipeline: string
  /** INTERRUPTED: it is neither finished nor being carried out, and can be resumed. */
  readonly state: RunReport['state'] | 'INTERRUPTED'
  readonly createTime: number
  readonly endTime?: number
  readonly folder: string
}

/**
 * @param typed id, unambiguous beginning of one, or `last` for the newest
 * @throws InvalidInputError when no run or several match
 */
export async function findRunId(root: string, typed: string): Promise<string> {
  const ids = await listRunIds(root)
  if (ids.includes(typed)) return typed
  if (typed === 'last') return newest(root)
  const matching = ids.filter((id) => id.startsWith(typed))
  if (matching.length === 1) return matching[0]!
  if (matching.length > 1) {
    const some = matching.slice(0, 5).join(', ')
    throw new InvalidInputError([
      usageIssue('ambiguous-run', `${matching.length} runs begin with "${typed}": ${some}`, 'type more of it'),
    ])
  }
  const meant = closest(typed, ids)
  const hint = meant
    ? `did you mean "${meant}"?`
    : '"kfp-ts runs" lists the runs; --root names another folder, --cluster or -n the runs of a cluster'
  throw new InvalidInputError([usageIssue('unknown-run', `there is no run "${typed}" in ${root}`, hint)])
}

async function newest(root: string): Promise<string> {
  const [last] = await listRuns(root)
  if (!last) throw new InvalidInputError([usageIssue('unknown-run', `there are no runs in ${root}`)])
  return last.runId
}

/** Newest first. */
export async function listRuns(root: string): Promise<LocalRunSummary[]> {
  const runs = await Promise.all((await listRunIds(root)).map((id) => summarize(root, id)))
  return runs.filter((run) => run !== undefined).sort((a, b) => b.createTime - a.createTime)
}

/** @returns undefined for a folder that holds no run */
async function summarize(root: string, runId: string): Promise<LocalRunSummary | undefined> {
  const paths = runPaths(root, runId)
  const manifest = await readManifest<RunConfig>(paths)
  if (!manifest) return undefined
  const pipeline = manifest.document.spec.pipelineInfo.name
  const base = { runId, pipeline, createTime: manifest.config.createTime, folder: paths.folder }
  if (await lockHolder(paths.lock)) return { ...base, state: 'RUNNING' }
  const report = await readReport(paths)
  const isOver = report && ['SUCCEEDED', 'FAILED', 'CANCELED', 'SKIPPED'].includes(report.state)
  if (!isOver) return { ...base, state: 'INTERRUPTED' }
  return { ...base, state: report.state, endTime: (await stat(paths.report)).mtimeMs }
}
