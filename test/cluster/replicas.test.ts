/** Two replicas of an operator, on SQLite and on Postgres: one leads, the other goes on when it is killed or hands over. */
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { TestPostgres } from '../servers/postgres.ts'
import { branchingPipeline, expectedStarts, prepareMarks, startsOf } from './support/branching.ts'
import { finished, makePlace, type OperatorProcess, startOperatorProcess, submit, until } from './support/cluster.ts'
import { usePlace } from './support/fixtures.ts'
import { startClusterPostgres } from './support/servers.ts'

const ITEMS = 2
let postgres: TestPostgres
beforeAll(async () => {
  postgres = await startClusterPostgres()
})
afterAll(() => postgres?.stop())

const leads = (replica: OperatorProcess): boolean => replica.log().includes('this replica leads')

describe.concurrent.each(['SQLite', 'Postgres'])('on %s', (database) => {
  const place = usePlace('replicas')
  beforeAll(() => prepareMarks(place))

  const replica = (name: string): Promise<OperatorProcess> =>
    startOperatorProcess(place, [
      ...['--leader-election', '--lease-namespace', place.namespace, '--identity', name],
      ...(database === 'Postgres' ? ['--database', postgres.url] : []),
    ])

  test('the leader is killed, then its follower hands over: each time another goes on', async ({ expect }) => {
    const first = await replica('first')
    await until('the first leads', async () => leads(first))
    const second = await replica('second')
    const run = await submit(place, branchingPipeline(ITEMS))
    await until('a pod was made', async () => (await place.runs.pods(run)).length > 0)
    await first.kill('SIGKILL')
    const killedAt = Date.now()
    await until('the second leads', async () => leads(second), 15)
    const afterKill = Date.now() - killedAt
    await until('the second acts', async () => second.log().includes('the cluster was looked at'), 15)

    const third = await replica('third')
    await delay(1500)
    expect(leads(third)).toBe(false)
    const askedAt = Date.now()
    await second.kill('SIGTERM')
    await until('the third leads', async () => leads(third), 15)
    const afterHandover = Date.now() - askedAt
    try {
      const ended = await finished(place, run, 240)
      expect(ended.status).toMatchObject({ phase: 'Succeeded', outputs: { last: 'finished' } })
      expect(await startsOf(place, run)).toEqual(expectedStarts(ITEMS))
      // The lease of a dead leader has to run out; one that is given back is free at once.
      expect(afterHandover).toBeLessThan(afterKill)
      process.stdout.write(
        `${database}: the next replica led ${afterKill} ms after a kill, ${afterHandover} ms after SIGTERM\n`,
      )
    } finally {
      await third.kill()
    }
  })
})

test('Postgres crashes and comes back in the middle of a run', async () => {
  const place = await makePlace('database')
  const own = await startClusterPostgres()
  try {
    await prepareMarks(place)
    const operator = await startOperatorProcess(place, ['--database', own.url])
    try {
      const run = await submit(place, branchingPipeline(ITEMS))
      await until('a pod was made', async () => (await place.runs.pods(run)).length > 0)
      await own.restart(3000)
      expect((await finished(place, run, 240)).status).toMatchObject({ phase: 'Succeeded' })
      expect(await startsOf(place, run)).toEqual(expectedStarts(ITEMS))
    } finally {
      await operator.kill()
    }
  } finally {
    await own.stop()
    await place.remove()
  }
})
