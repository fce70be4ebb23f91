/** The API server away, etcd restarted, faults on every kind of request, a leader killed: runs end as if nothing had been. */
import { spawnSync } from 'node:child_process'
import { chmod, mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { FAULTS, type Fault, withFaults } from '../../client/kube/faulty-transport.ts'
import type { PipelineRun } from '../../client/runs.ts'
import { runOperator } from '../../operator/main.ts'
import { DEFAULT_LIMITS, DEFAULT_RETRIES } from '../../operator/settings.ts'
import { branchingPipeline, expectedStarts, MARKS } from './support/branching.ts'
import {
  finished,
  installCrds,
  KUBECONFIG,
  makePlace,
  type Place,
  ROOT,
  startOperatorProcess,
  submit,
  until,
} from './support/cluster.ts'
import { shellPipeline } from './support/pipelines.ts'

const OUTAGE_SECONDS = Number(process.env['KFP_TS_OUTAGE_SECONDS'] ?? 15)
const ITEMS = 4
let place: Place

beforeAll(async () => {
  await installCrds()
  place = await makePlace('outages')
  await mkdir(join(place.store, MARKS))
  await chmod(join(place.store, MARKS), 0o777)
})
afterAll(() => place?.remove())

function part(action: 'stop' | 'start', name: string): void {
  const { status, stderr } = spawnSync(join(ROOT, 'test/cluster/restart.sh'), [action, name], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`${action} ${name}: ${stderr}`)
}

async function expectWhole(run: PipelineRun): Promise<void> {
  const ended = await finished(place, run, 240)
  expect(ended.status).toMatchObject({ phase: 'Succeeded', outputs: { last: 'finished' } })
  const lines = (await readFile(join(place.store, MARKS, run.metadata.uid ?? ''), 'utf8')).trim().split('\n')
  expect(lines.map((line) => line.split(' ').slice(0, 2).join(' ')).sort()).toEqual(expectedStarts(ITEMS))
}

test.skipIf(spawnSync('docker', ['info']).status === 0)('the API server stops, then etcd restarts', async () => {
  const operator = await startOperatorProcess(place)
  try {
    const run = await submit(place, branchingPipeline(ITEMS))
    await delay(3000)
    part('stop', 'apiserver')
    await delay(OUTAGE_SECONDS * 1000)
    part('start', 'apiserver')
    await expectWhole(run)
    const second = await submit(place, branchingPipeline(ITEMS))
    await delay(3000)
    part('stop', 'etcd')
    part('start', 'etcd')
    await expectWhole(second)
  } finally {
    await operator.kill()
  }
})

test('one request in ten goes wrong, in every way', async () => {
  const stopping = new AbortController()
  const seen = new Set<Fault>()
  const random = seeded(7)
  const running = runOperator({
    kubeconfig: KUBECONFIG,
    settings: {
      namespace: place.namespace,
      identity: 'faulty',
      pods: { store: { claimName: 'store' }, mountPath: '/kfp-store' },
      servingImage: 'kfp-ts:latest',
      limits: DEFAULT_LIMITS,
      waits: { allowHosts: [], allowNamespaces: [] },
      retries: DEFAULT_RETRIES,
      imageGraceMillis: 60_000,
      configurationGraceMillis: 60_000,
      statusIntervalMillis: 200,
    },
    storeFolder: place.store,
    databaseUrl: join(place.store, 'metadata.db'),
    log: () => {},
    signal: stopping.signal,
    wrapTransport: (inner) => withFaults(inner, { random, rate: 0.1, onFault: (fault) => seen.add(fault) }),
  })
  try {
    const runs = await Promise.all([1, 2, 3].map(() => submit(place, branchingPipeline(ITEMS))))
    for (const run of runs) await expectWhole(run)
  } finally {
    stopping.abort()
    await running
  }
  expect([...seen].sort()).toEqual([...FAULTS].sort())
})

test('the leader is killed: the other replica goes on within 15 s', async () => {
  const replica = (name: string) =>
    startOperatorProcess(place, ['--leader-election', '--lease-namespace', place.namespace, '--identity', name])
  const first = await replica('first')
  await until('the first leads', async () => first.log().includes('this replica leads'))
  const second = await replica('second')
  try {
    const run = await submit(
      place,
      shellPipeline('handover', { a: { script: 'sleep 3' }, b: { script: 'true', after: ['a'] } }),
    )
    await until('its first pod runs', async () => (await place.runs.pods(run)).some(({ phase }) => phase === 'Running'))
    await first.kill('SIGKILL')
    const killedAt = Date.now()
    await until('the second leads', async () => second.log().includes('this replica leads'), 15)
    expect((await finished(place, run)).status).toMatchObject({ phase: 'Succeeded' })
    process.stdout.write(
      `the other replica finished the run ${((Date.now() - killedAt) / 1000).toFixed(1)} s after the kill\n`,
    )
    expect(await place.runs.pods(run)).toHaveLength(2)
  } finally {
    await second.kill()
  }
})

/** A small generator of numbers (mulberry32), so that a failure can be repeated. */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}
