/** One request in ten to the API server goes wrong, in every way there is: runs end as if nothing had been. */
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { FAULTS, type Fault, withFaults } from '../../client/kube/faulty-transport.ts'
import { runOperator } from '../../operator/main.ts'
import { DEFAULT_LIMITS, DEFAULT_RETRIES } from '../../operator/settings.ts'
import { branchingPipeline, expectedStarts, prepareMarks, startsOf } from './support/branching.ts'
import { finished, KUBECONFIG, submit } from './support/cluster.ts'
import { usePlace } from './support/fixtures.ts'

const ITEMS = 4
const place = usePlace('faults')
beforeAll(() => prepareMarks(place))

test('one request in ten goes wrong, in every way', async () => {
  const stopping = new AbortController()
  const seen = new Set<Fault>()
  const random = seeded(7)
  let port = 0
  const running = runOperator({
    kubeconfig: KUBECONFIG,
    settings: {
      namespace: place.namespace,
      identity: 'faulty',
      pods: { store: { claimName: 'store' }, mountPath: '/kfp-store' },
      limits: DEFAULT_LIMITS,
      servingImage: 'kfp-ts:latest',
      waits: { allowHosts: [], allowNamespaces: [] },
      retries: DEFAULT_RETRIES,
      imageGraceMillis: 60_000,
      configurationGraceMillis: 60_000,
      statusIntervalMillis: 200,
    },
    storeFolder: place.store,
    databaseUrl: join(place.store, 'metadata.db'),
    health: { host: '127.0.0.1', port: 0 },
    onReady: ({ health }) => {
      port = health ?? 0
    },
    log: () => {},
    signal: stopping.signal,
    wrapTransport: (inner) => withFaults(inner, { random, rate: 0.1, onFault: (fault) => seen.add(fault) }),
  })
  try {
    const runs = await Promise.all([1, 2, 3].map(() => submit(place, branchingPipeline(ITEMS))))
    for (const run of runs) {
      const ended = await finished(place, run, 600)
      expect(ended.status).toMatchObject({ phase: 'Succeeded', outputs: { last: 'finished' } })
      expect(await startsOf(place, run)).toEqual(expectedStarts(ITEMS))
    }
    const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
    for (const status of [0, 429, 500]) {
      expect(metrics).toMatch(new RegExp(`^kfp_ts_operator_api_throttled_total\\{status="${status}"\\} [1-9]`, 'm'))
    }
  } finally {
    stopping.abort()
    await running
  }
  expect([...seen].sort()).toEqual([...FAULTS].sort())
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
