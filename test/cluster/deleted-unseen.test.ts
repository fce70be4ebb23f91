/** Runs that are deleted while no operator is there: the next one cleans up after them, and after nobody else. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, expect, test } from 'vitest'
import { PIPELINE_RUNS, PODS } from '../../client/kube/resources.ts'
import type { PipelineRun } from '../../client/runs.ts'
import { finished, kube, type OperatorProcess, startOperatorProcess, until } from './support/cluster.ts'
import { usePlace } from './support/fixtures.ts'
import { shellPipeline } from './support/pipelines.ts'

const place = usePlace('unseen')
let operator: OperatorProcess | undefined
afterAll(() => operator?.kill())

const quick = shellPipeline('quick', { step: { script: 'echo said' } })
const slow = shellPipeline('slow', { first: { script: 'echo said' }, nap: { script: 'sleep 300', after: ['first'] } })

const uidOf = (run: PipelineRun): string => run.metadata.uid!
/** Rows of the run: records of itself and its tasks, and its journal. */
function rowsOf(run: PipelineRun): { records: number; journal: number } {
  const database = new DatabaseSync(join(place.store, 'metadata.db'), { readOnly: true })
  try {
    const count = (sql: string): number => Number(database.prepare(sql).get(uidOf(run), uidOf(run))!['n'])
    return {
      records: count('select count(*) as n from runs where run_id = ? or root_run_id = ?'),
      journal: count('select count(*) as n from run_journal where run_id in (?, ?)'),
    }
  } finally {
    database.close()
  }
}
const hasLogs = (run: PipelineRun): boolean => existsSync(join(place.store, 'logs', uidOf(run)))

/** Without waiting for an operator, which a test may have killed; the pods go by their owner. */
async function deleteNow(run: PipelineRun): Promise<void> {
  await kube.delete(PIPELINE_RUNS, place.namespace, run.metadata.name)
  const selection = { namespace: place.namespace, labelSelector: `pipelines.kfp-ts.dev/run=${uidOf(run)}` }
  await kube.deleteCollection(PODS, selection, { gracePeriodSeconds: 0 })
}

const start = async (team: string): Promise<OperatorProcess> =>
  await startOperatorProcess(place, ['--selector', `team=${team}`])
const submitTo = async (team: string, pipelineText: string): Promise<PipelineRun> =>
  await place.runs.create({ pipelineText, pipelineName: 'some', labels: { team } })

test('rows and files of an ended and of a running run go; other runs, also of another operator, stay', async () => {
  operator = await start('others')
  const theirs = await submitTo('others', quick)
  await finished(place, theirs)
  await operator.kill()

  operator = await start('ours')
  const [ended, kept, running] = await Promise.all([quick, quick, slow].map((text) => submitTo('ours', text)))
  await Promise.all([ended!, kept!].map((run) => finished(place, run)))
  await until('the log of its first step is kept', async () => hasLogs(running!))
  expect(rowsOf(running!).journal).toBeGreaterThan(0)
  await operator.kill('SIGKILL')

  await Promise.all([ended!, running!, theirs].map(deleteNow))
  operator = await start('ours')
  for (const run of [ended!, running!]) {
    await until('its rows are gone', async () => rowsOf(run).records === 0 && rowsOf(run).journal === 0)
    expect([hasLogs(run), existsSync(join(place.store, 'scratch', uidOf(run)))]).toEqual([false, false])
  }
  for (const run of [kept!, theirs]) {
    expect(rowsOf(run).records).toBeGreaterThan(1)
    expect(rowsOf(run).journal).toBeGreaterThan(0)
    expect(hasLogs(run)).toBe(true)
  }
})
