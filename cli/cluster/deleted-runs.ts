/** Runs whose resources were deleted: the server beside the operator keeps their records. Before: list-runs.ts, describe.ts. */
import { InvalidInputError } from '../../api/issue.ts'
import { servedId } from '../../client/run-logs.ts'
import type { ServedRun, ServedRunSummary } from '../../client/server-api.ts'
import type { ClusterRuns } from '../cluster.ts'
import { usageIssue } from '../errors.ts'
import type { RunRow } from './run-table.ts'

const PAGE = 200

/** Newest first, at most `limit` that `isWanted`. */
export async function deletedRuns(
  { runs, server }: ClusterRuns,
  { pipeline, limit, isWanted }: { pipeline: string | undefined; limit: number; isWanted: (row: RunRow) => boolean },
): Promise<RunRow[]> {
  const there = new Set((await runs.list()).map(servedId))
  const rows: RunRow[] = []
  let pageToken: string | undefined
  do {
    const page = await server.runs({ pipeline, limit: PAGE, pageToken })
    if (!page) throw keepsNone(server.place)
    const gone = page.runs.filter((run) => !there.has(run.runId)).map((run) => rowOfRecord(run, runs.namespace))
    // One that goes on has no resource yet.
    rows.push(...gone.filter((row) => ENDED.includes(row.phase) && isWanted(row)))
    pageToken = page.nextPageToken
  } while (pageToken !== undefined && rows.length < limit)
  return rows.slice(0, limit)
}

const ENDED: readonly string[] = ['Succeeded', 'Failed', 'Canceled']

const keepsNone = (place: string): InvalidInputError =>
  new InvalidInputError([
    usageIssue(
      'no-records',
      `the server (${place}) lists no runs`,
      'it is of an earlier version: upgrade the operator',
    ),
  ])

/** The record of the newest run of this name, or of this id; undefined when there is none, or no server. */
export async function findDeleted({ server }: ClusterRuns, typed: string): Promise<ServedRun | undefined> {
  try {
    const [newest] = (await server.runs({ name: typed, limit: 1 }))?.runs ?? []
    return await server.run(newest?.runId ?? typed)
  } catch {
    // That there is no such resource is said anyway.
    return undefined
  }
}

/** In the words of the resource. */
export const phaseOf = (state: string): string =>
  state === 'SKIPPED' ? 'Succeeded' : `${state.slice(0, 1)}${state.slice(1).toLowerCase()}`

function rowOfRecord(
  { runId, name, pipeline, state, createdAt, endTime, error }: ServedRunSummary,
  namespace: string,
): RunRow {
  return {
    ...{ name, namespace, runId, pipeline, phase: phaseOf(state), progress: '' },
    message: error?.message ?? 'its resource was deleted',
    createTime: Date.parse(createdAt),
    ...(endTime ? { endTime: Date.parse(endTime) } : {}),
  }
}
