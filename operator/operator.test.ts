import { afterEach, expect, test, vi } from 'vitest'
import { PIPELINE_RUNS, PODS } from '../client/kube/resources.ts'
import { type SmallOperatorOptions, startSmallOperator } from './small-operator.ts'

let small: Awaited<ReturnType<typeof startSmallOperator>>
const start = async (options?: SmallOperatorOptions) => {
  small = await startSmallOperator(options)
}
afterEach(() => small.stop())

const until = (check: () => void | Promise<void>) => vi.waitFor(check, { timeout: 10_000, interval: 5 })
const journal = (runId: string) =>
  small.metadata.db.selectFrom('run_journal').select(['seq', 'event']).where('run_id', '=', runId).execute()

test('a run that leaves the selector of its operator keeps its record; one that is deleted does not', async () => {
  await start()
  for (const name of ['left', 'deleted']) small.run(name)
  await until(() => expect(small.pods()).toHaveLength(2))
  // As a watch with a selector tells of a label that was taken away: the resource is still there.
  const resource = small.find('left')!
  await small.kube.delete(PIPELINE_RUNS, 'team', 'left')
  small.cluster.objects.set('pipelineruns team/left', resource as never)
  await small.kube.delete(PIPELINE_RUNS, 'team', 'deleted')
  for (const { metadata } of small.pods()) await small.kube.delete(PODS, 'team', metadata.name)
  await until(async () => expect(await small.records.has('uid-deleted')).toBe(false))
  expect(await small.records.has('uid-left')).toBe(true)
  expect(small.removed).toEqual(['uid-deleted'])
})

test('records whose answer was lost: the run goes on', async () => {
  let lose = false
  await start({
    wrap: (options) => ({
      ...options,
      records: {
        ...options.records,
        async append(...records) {
          await options.records.append(...records)
          if (!lose) return
          lose = false
          throw new Error('Connection terminated unexpectedly')
        },
      },
    }),
  })
  small.run('train')
  await until(() => expect(small.pods()).toHaveLength(1))
  small.running(small.pods()[0]!)
  await until(async () => expect(await journal('uid-train')).toHaveLength(2))
  lose = true
  small.finished(small.pods()[0]!)
  await until(() => expect(small.phase('train')).toBe('Succeeded'))
  expect(small.told).toEqual(['Connection terminated unexpectedly'])
})

test('a journal that another operator wrote on: the run is taken up from there', async () => {
  await start()
  small.run('train')
  await until(() => expect(small.pods()).toHaveLength(1))
  const [pod] = small.pods()
  small.running(pod!)
  await until(async () => expect(await journal('uid-train')).toHaveLength(2))
  const event = JSON.stringify({ kind: 'clock' })
  await small.metadata.db
    .insertInto('run_journal')
    .values({ run_id: 'uid-train', seq: 2, at: Date.now(), event })
    .execute()
  small.finished(pod!)
  await until(() => expect(small.phase('train')).toBe('Succeeded'))
  expect(small.pods()).toHaveLength(1)
  expect(small.told).toEqual([expect.stringContaining('another operator wrote the journal')])
})
