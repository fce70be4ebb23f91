/** SIGKILL of operators at random moments, on every store and database. KFP_TS_KILLS sets how many there are at least. */
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { TestPostgres } from '../servers/postgres.ts'
import { branchingPipeline, expectedStarts, prepareMarks, startsOf } from './support/branching.ts'
import { finished, makePlace, type Place, startOperatorProcess, submit } from './support/cluster.ts'
import { type ObjectStore, startClusterPostgres, startObjectStore } from './support/servers.ts'

const KILLS = Number(process.env['KFP_TS_KILLS'] ?? 200)
const ITEMS = 4
/** Operators side by side, each with a namespace of its own. */
const SETUPS = ['volume, SQLite', 'volume, SQLite', 'volume, SQLite', 'volume, Postgres', 'S3, Postgres'] as const

interface Victim {
  readonly setup: string
  readonly place: Place
  readonly start: () => ReturnType<typeof startOperatorProcess>
  kills: number
  runs: number
}

const victims: Victim[] = []
const databases: TestPostgres[] = []
let objects: ObjectStore | undefined

beforeAll(async () => {
  victims.push(...(await Promise.all(SETUPS.map(prepare))))
})
afterAll(async () => {
  await Promise.all(victims.map(({ place }) => place.remove()))
  await Promise.all(databases.map((database) => database.stop()))
  await objects?.stop()
})

async function prepare(setup: (typeof SETUPS)[number]): Promise<Victim> {
  const place = await makePlace('kill')
  await prepareMarks(place)
  const options: string[] = []
  if (setup.endsWith('Postgres')) {
    const database = await startClusterPostgres()
    databases.push(database)
    options.push('--database', database.url)
  }
  if (setup.startsWith('S3')) {
    objects = await startObjectStore(place)
    options.push(...objects.operatorArguments)
  }
  const environment = setup.startsWith('S3') ? objects?.operatorEnvironment : {}
  return { setup, place, start: () => startOperatorProcess(place, options, environment), kills: 0, runs: 0 }
}

const killsSoFar = (): number => victims.reduce((sum, { kills }) => sum + kills, 0)

/** Run after run, its operator killed all the time, until there were enough kills. */
async function torment(victim: Victim): Promise<void> {
  const { place } = victim
  const startedAt = Date.now()
  let operator = await victim.start()
  // A busy machine starts slowly: a kill is as likely to fall behind the first steps there as on an idle one.
  const startMillis = Date.now() - startedAt
  try {
    while (killsSoFar() < KILLS) {
      const run = await submit(place, branchingPipeline(ITEMS))
      let open = true
      const end = finished(place, run, 900).finally(() => {
        open = false
      })
      while (open) {
        await Promise.race([delay(Math.random() * startMillis), end])
        if (!open) break
        await operator.kill('SIGKILL')
        victim.kills++
        operator = await victim.start()
      }
      expect((await end).status).toMatchObject({ phase: 'Succeeded', outputs: { last: 'finished' } })
      expect(await startsOf(place, run)).toEqual(expectedStarts(ITEMS))
      victim.runs++
      process.stdout.write(`${victim.setup}: a run whole; ${killsSoFar()} kills so far\n`)
    }
  } finally {
    await operator.kill()
  }
}

test(`killed at least ${KILLS} times: no task is lost, none starts twice, the outputs are the same`, async () => {
  const results = await Promise.allSettled(victims.map(torment))
  for (const { setup, kills, runs } of victims) {
    process.stdout.write(`${setup}: killed ${kills} times, ${runs} runs whole\n`)
  }
  for (const result of results) if (result.status === 'rejected') throw result.reason
  expect(killsSoFar()).toBeGreaterThanOrEqual(KILLS)
})
