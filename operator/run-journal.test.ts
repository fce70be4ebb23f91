import { afterEach, beforeEach, expect, test } from 'vitest'
import { TEST_CONFIG } from '../engine/testing/simulate.ts'
import type { JournalRecord } from '../engine/types.ts'
import { type Metadata, openMetadata } from '../store/metadata/database.ts'
import { ensureDefaultExperiment } from '../store/metadata/experiments.ts'
import { createGroupCommit, createRunJournal, JournalOvertakenError, type RunJournal } from './run-journal.ts'
import { createSqlRecords } from './run-records.ts'

let metadata: Metadata
let journal: RunJournal
/** The next commit is done, and its answer lost. */
let loseAnswer = false

beforeEach(async () => {
  metadata = await openMetadata({ url: ':memory:' })
  await ensureDefaultExperiment(metadata.db, 0)
  for (const runId of ['a', 'b'])
    await createSqlRecords(metadata).create({
      config: { ...TEST_CONFIG, runId, runName: runId },
      namespace: 'team',
      resource: { name: runId, uid: runId },
      pipelineName: 'small',
      pipelineText: '{}',
    })
  journal = createRunJournal({
    db: metadata.db,
    async transaction(work) {
      const result = await metadata.transaction(work)
      if (!loseAnswer) return result
      loseAnswer = false
      throw new Error('Connection terminated unexpectedly')
    },
  })
})
afterEach(() => metadata.close())

const tick = (at: number): JournalRecord => ({ at, event: { kind: 'clock' } })
const times = async (runId: string) =>
  (await metadata.db.selectFrom('run_journal').select('at').where('run_id', '=', runId).orderBy('seq').execute()).map(
    ({ at }) => at,
  )

test('records whose answer was lost are not written twice, and the run goes on', async () => {
  await journal.append('a', 0, [tick(1)])
  loseAnswer = true
  await expect(journal.append('a', 1, [tick(2), tick(3)])).rejects.toThrow('Connection terminated')
  await journal.append('a', 1, [tick(2), tick(3)])
  await journal.append('a', 3, [tick(4)])
  expect(await times('a')).toEqual([1, 2, 3, 4])
})

test('a commit of several runs whose answer was lost: each finds its own records', async () => {
  const both = () => Promise.allSettled([journal.append('a', 0, [tick(1)]), journal.append('b', 0, [tick(2)])])
  loseAnswer = true
  expect((await both()).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  expect((await both()).map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled'])
  expect([await times('a'), await times('b')]).toEqual([[1], [2]])
})

test.each([
  ['other records', [tick(1), tick(7)]],
  ['more', [tick(1), tick(2), tick(3)]],
  ['fewer', [tick(1)]],
])('%s where ours belong are those of another operator; whoever commits with us is written', async (_what, theirs) => {
  await journal.append('a', 0, theirs)
  const [ours, healthy] = await Promise.allSettled([
    journal.append('a', 0, [tick(1), tick(2)]),
    journal.append('b', 0, [tick(3)]),
  ])
  expect(ours).toMatchObject({ status: 'rejected', reason: expect.any(JournalOvertakenError) })
  expect(healthy.status).toBe('fulfilled')
  expect(await times('a')).toEqual(theirs.map(({ at }) => at))
})

test('a run without a record fails alone', async () => {
  const [orphan, healthy] = await Promise.allSettled([
    journal.append('of nobody', 0, [tick(1)]),
    journal.append('b', 0, [tick(1)]),
  ])
  expect([orphan.status, healthy.status]).toEqual(['rejected', 'fulfilled'])
})

test('while the database is away a group is tried once, not member by member', async () => {
  let tries = 0
  const commit = createGroupCommit<string>(
    async () => {
      tries++
      throw new Error('connect ECONNREFUSED')
    },
    () => false,
  )
  const all = await Promise.allSettled(['a', 'b', 'c'].map((row) => commit.add([row])))
  expect(all.every(({ status }) => status === 'rejected')).toBe(true)
  expect(tries).toBe(1)
})
