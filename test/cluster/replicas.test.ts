/** Two replicas of an operator, on SQLite and on Postgres: one leads, the other goes on when it is killed or hands over. */
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type KubeObject, LEASES } from '../../client/kube/resources.ts'
import type { TestPostgres } from '../servers/postgres.ts'
import { branchingPipeline, expectedStarts, prepareMarks, startsOf } from './support/branching.ts'
import {
  finished,
  kube,
  makePlace,
  type OperatorProcess,
  startOperatorProcess,
  submit,
  until,
} from './support/cluster.ts'
import { usePlace } from './support/fixtures.ts'
import { startClusterPostgres } from './support/servers.ts'

const ITEMS = 2
/** What docs/operate.md promises of a leader that died. */
const MOST_MILLIS_WITHOUT_LEADER = 15_000
let postgres: TestPostgres
beforeAll(async () => {
  postgres = await startClusterPostgres()
})
afterAll(() => postgres?.stop())

interface Lease extends KubeObject {
  readonly spec: { readonly holderIdentity: string; readonly acquireTime: string }
}

const leads = (replica: OperatorProcess): boolean => replica.log().includes('this replica leads')

describe.concurrent.each(['SQLite', 'Postgres'])('on %s', (database) => {
  const place = usePlace('replicas')
  beforeAll(() => prepareMarks(place))

  const lease = async () => (await kube.get<Lease>(LEASES, place.namespace, 'kfp-ts-operator')).spec

  test('the leader is killed, then its follower hands over: each time another goes on', async ({
    expect,
    onTestFinished,
  }) => {
    const start = async (name: string): Promise<OperatorProcess> => {
      const replica = await startOperatorProcess(place, [
        ...['--leader-election', '--lease-namespace', place.namespace, '--identity', name],
        ...(database === 'Postgres' ? ['--database', postgres.url] : []),
      ])
      onTestFinished(() => replica.kill())
      return replica
    }
    const first = await start('first')
    await until('the first leads', async () => leads(first))
    const second = await start('second')
    const run = await submit(place, branchingPipeline(ITEMS))
    await until('a pod was made', async () => (await place.runs.pods(run)).length > 0)
    const killedAt = Date.now()
    await first.kill('SIGKILL')
    await until('the second leads', async () => leads(second), 60)
    // The lease says when: this process may have looked late.
    const taken = await lease()
    expect(taken.holderIdentity).toBe('second')
    const afterKill = Date.parse(taken.acquireTime) - killedAt
    expect(afterKill).toBeLessThan(MOST_MILLIS_WITHOUT_LEADER)
    await until('the second acts', async () => second.log().includes('the cluster was looked at'), 60)

    const third = await start('third')
    await delay(1500)
    expect(leads(third)).toBe(false)
    await second.kill('SIGTERM')
    // The lease of a dead leader has to run out; one that is given back is free at once.
    expect((await lease()).holderIdentity).not.toBe('second')
    await until('the third leads', async () => leads(third), 60)
    const ended = await finished(place, run, 600)
    expect(ended.status).toMatchObject({ phase: 'Succeeded', outputs: { last: 'finished' } })
    expect(await startsOf(place, run)).toEqual(expectedStarts(ITEMS))
    process.stdout.write(`${database}: the next replica led ${afterKill} ms after a kill\n`)
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
      expect((await finished(place, run, 600)).status).toMatchObject({ phase: 'Succeeded' })
      expect(await startsOf(place, run)).toEqual(expectedStarts(ITEMS))
    } finally {
      await operator.kill()
    }
  } finally {
    await own.stop()
    await place.remove()
  }
})
