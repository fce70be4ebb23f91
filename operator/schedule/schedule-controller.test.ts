import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { ScheduledRunSpec } from '../../api/scheduled-run.ts'
import { PIPELINE_RUNS } from '../../client/kube/resources.ts'
import { KubeError } from '../../client/kube/transport.ts'
import { FakeCluster } from '../testing/fake-cluster.ts'
import { type ScheduleController, startScheduleController } from './schedule-controller.ts'
import { BACKFILLS, RUN_NOW, SCHEDULED_RUNS } from './schedule-objects.ts'

let now: number
let cluster: FakeCluster
let controller: ScheduleController

beforeEach(() => {
  now = Date.parse('2026-01-04T12:00:00Z')
  cluster = new FakeCluster()
  controller = start()
})
afterEach(() => controller.stop())

const start = () =>
  startScheduleController({ kube: cluster.client, identity: 'test', log: () => {}, now: () => now, retryMillis: 5 })

function apply(spec: Partial<ScheduledRunSpec>, metadata: object = {}, status?: object): void {
  const runTemplate = { pipelineRef: { name: 'report' }, parameters: { day: '[[ds]]' } }
  cluster.apply(SCHEDULED_RUNS, {
    metadata: {
      name: 'nightly',
      namespace: 'ml',
      uid: 'u1',
      generation: 1,
      creationTimestamp: '2026-01-01T00:00:00Z',
      ...metadata,
    },
    spec: { schedule: { cron: '@daily' }, startTime: '2026-01-01T00:00:00Z', runTemplate, ...spec },
    ...(status ? { status } : {}),
  })
}
const status = () => cluster.find(SCHEDULED_RUNS, 'nightly')?.['status'] as Record<string, unknown> | undefined
const runs = () => cluster.names(PIPELINE_RUNS).map((name) => cluster.find(PIPELINE_RUNS, name)!)
const days = () => runs().map((run) => (run['spec'] as { arguments: { day: string } }).arguments.day)
const condition = (type: string) =>
  (status()?.['conditions'] as { type: string; reason: string; message: string }[])?.find((one) => one.type === type)
function end(phase: string): void {
  for (const run of runs())
    cluster.apply(PIPELINE_RUNS, { ...run, status: { phase, completionTime: new Date(now).toISOString() } })
}

test('creates the runs that are due, then advances the cursor; a quiet pass writes nothing', async () => {
  apply({ catchup: 'All', interval: 'DataInterval' })
  await vi.waitFor(() => expect(status()?.['lastTick']).toBe('2026-01-03T00:00:00Z'))
  expect(days()).toEqual(['2026-01-01', '2026-01-02', '2026-01-03'])
  expect(status()).toMatchObject({ nextTick: '2026-01-04T00:00:00Z', nextRunAfter: '2026-01-05T00:00:00Z', index: 3 })
  expect(runs()[0]!.metadata.ownerReferences?.[0]).toMatchObject({ kind: 'ScheduledRun', name: 'nightly', uid: 'u1' })
  expect(status()?.['active']).toHaveLength(3)
  const writes = () => cluster.calls.filter((call) => !call.includes(' events '))
  expect(writes().filter((call) => call.startsWith('patch'))).toEqual(['patch scheduledruns nightly'])
  const before = writes().length
  await controller.stop()
  controller = start()
  await controller.synced
  end('Running')
  await delay(50)
  expect(writes().slice(before)).toEqual([])
})

test('a status that could not be written: the next pass meets its own runs', async () => {
  let refusals = 2
  cluster.fault = (verb, plural) => {
    if (verb === 'patch' && plural === 'scheduledruns' && refusals-- > 0)
      throw new KubeError({ method: 'PATCH', path: '/' } as never, { status: 500, text: '{}' } as never)
  }
  apply({ catchup: 'All' })
  await vi.waitFor(() => {
    now += 10
    expect(status()?.['index']).toBe(4)
  })
  expect(days()).toEqual(['2026-01-01', '2026-01-02', '2026-01-03', '2026-01-04'])
})

test('a schedule that was edited meanwhile: what was decided on the older object is not saved', async () => {
  apply({ catchup: 'All' })
  let edits = 1
  cluster.fault = (verb, plural) => {
    if (verb === 'patch' && plural === 'scheduledruns' && edits-- > 0)
      cluster.apply(SCHEDULED_RUNS, { ...cluster.find(SCHEDULED_RUNS, 'nightly')! })
  }
  await vi.waitFor(() => {
    now += 10
    expect(status()?.['index']).toBe(4)
  })
  expect(cluster.calls.filter((call) => call.startsWith('patch scheduledruns')).length).toBeGreaterThan(1)
  expect(days()).toHaveLength(4)
})

test('waits for a slot with a reason, goes on when it is free, and prunes', async () => {
  apply({ maxActiveRuns: 1, history: { successful: 0, failed: 0 } })
  await vi.waitFor(() => expect(days()).toEqual(['2026-01-04']))
  now = Date.parse('2026-01-05T00:00:01Z')
  apply({ maxActiveRuns: 1, history: { successful: 0, failed: 0 } }, {}, status())
  await vi.waitFor(() => expect(condition('Waiting')).toMatchObject({ reason: 'WaitingForSlot' }))
  end('Succeeded')
  await vi.waitFor(() => expect(days()).toEqual(['2026-01-05']))
})

test('run-now by annotation, also for a suspended schedule, where the run is held', async () => {
  apply({ suspend: true }, { annotations: { [RUN_NOW]: '{"id":"a","parameters":{"day":"by hand"}}' } })
  await vi.waitFor(() => expect(days()).toEqual(['by hand']))
  expect(runs()[0]!['spec']).toMatchObject({ suspend: true })
  await vi.waitFor(() =>
    expect(cluster.find(SCHEDULED_RUNS, 'nightly')?.metadata.annotations?.[RUN_NOW]).toBeUndefined(),
  )
  expect(condition('Scheduling')).toMatchObject({ reason: 'Suspended' })
})

/** The watch tells of a write before its answer comes, and `meanwhile` happens in between. */
function answerLate(meanwhile: () => void = () => {}): void {
  const { patch } = cluster.client
  cluster.client.patch = async (...args) => {
    const answer = await patch(...args)
    meanwhile()
    await delay(5)
    return answer as never
  }
}

test('an edit that the watch tells before the answer to our own write is obeyed', async () => {
  let edits = 1
  answerLate(() => {
    if (edits-- > 0) apply({ suspend: true }, { generation: 2 }, status())
  })
  apply({})
  await vi.waitFor(() => expect(condition('Scheduling')).toMatchObject({ reason: 'Suspended' }))
})

test('a request that the watch tells to be gone before the answer comes is not carried out again', async () => {
  answerLate()
  const spec = { startTime: '2026-01-05T00:00:00Z', history: { successful: 0, failed: 0 } } as const
  apply(spec, { annotations: { [RUN_NOW]: 'once' } })
  await vi.waitFor(() =>
    expect(cluster.find(SCHEDULED_RUNS, 'nightly')?.metadata.annotations?.[RUN_NOW]).toBeUndefined(),
  )
  await delay(50)
  end('Succeeded')
  await vi.waitFor(() => expect(runs()).toEqual([]))
  await delay(50)
  expect(cluster.calls.filter((call) => call.startsWith('create pipelineruns'))).toHaveLength(1)
})

test('a request that is written over the one being carried out is carried out as well', async () => {
  const request = (id: string) => ({ annotations: { [RUN_NOW]: `{"id":"${id}","parameters":{"day":"${id}"}}` } })
  let requests = 1
  answerLate(() => {
    if (requests-- > 0) apply({ suspend: true }, request('second'), status())
  })
  apply({ suspend: true }, request('first'))
  await vi.waitFor(() => expect(days()).toEqual(['first', 'second']))
  await vi.waitFor(() =>
    expect(cluster.find(SCHEDULED_RUNS, 'nightly')?.metadata.annotations?.[RUN_NOW]).toBeUndefined(),
  )
})

test('a backfill fills its range in; a second one is rejected while the first works; a wrong spec is told', async () => {
  apply({ catchup: 'None', startTime: '2026-01-04T00:00:00Z' })
  const range = { scheduleRef: { name: 'nightly' }, from: '2025-12-30T00:00:00Z', to: '2026-01-01T00:00:00Z' }
  const metadata = (name: string) => ({ name, namespace: 'ml', uid: name, creationTimestamp: '2026-01-04T12:00:00Z' })
  cluster.apply(BACKFILLS, { metadata: metadata('b1'), spec: range })
  cluster.apply(BACKFILLS, { metadata: metadata('b2'), spec: range })
  await vi.waitFor(() => expect(cluster.find(BACKFILLS, 'b2')?.['status']).toMatchObject({ phase: 'Rejected' }))
  await vi.waitFor(() => expect(days()).toEqual(expect.arrayContaining(['2025-12-30', '2025-12-31', '2026-01-01'])))
  end('Succeeded')
  await vi.waitFor(() =>
    expect(cluster.find(BACKFILLS, 'b1')?.['status']).toMatchObject({ phase: 'Succeeded', total: 3 }),
  )
  apply({ schedule: { cron: '61 * * * *' } }, { generation: 2 }, status())
  await vi.waitFor(() => expect(condition('Valid')?.message).toMatch(/spec.schedule.cron: minute "61"/))
})
