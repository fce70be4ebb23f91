/** Schedules against a real API server: resources are accepted and refused, runs come in time, a killed controller repeats nothing. */
import { afterEach, expect, test } from 'vitest'
import { API_GROUP, API_VERSION } from '../../api/pipeline-run.ts'
import type { ScheduledRunSpec } from '../../api/scheduled-run.ts'
import type { KubeClient } from '../../client/kube/client.ts'
import { EVENTS, type KubeObject, PIPELINE_RUNS } from '../../client/kube/resources.ts'
import type { PipelineRun } from '../../operator/run-view.ts'
import { type ScheduleController, startScheduleController } from '../../operator/schedule/schedule-controller.ts'
import {
  BACKFILLS,
  type Backfill,
  SCHEDULED_RUNS,
  type ScheduledRun,
  seeRun,
} from '../../operator/schedule/schedule-objects.ts'
import { kube, until } from './support/cluster.ts'
import { usePlace } from './support/fixtures.ts'
import { delaysOfSchedules } from './support/many-schedules.ts'

const { namespace } = usePlace('schedules')
const apiVersion = `${API_GROUP}/${API_VERSION}`
let controller: ScheduleController | undefined

afterEach(async () => {
  await controller?.stop()
  await kube.deleteCollection(SCHEDULED_RUNS, { namespace })
  await kube.deleteCollection(PIPELINE_RUNS, { namespace })
})

const start = (client: KubeClient = kube) =>
  startScheduleController({ kube: client, namespace, identity: 'test', log: () => {} })
const create = (name: string, spec: Partial<ScheduledRunSpec>) =>
  kube.create(SCHEDULED_RUNS, namespace, {
    apiVersion,
    kind: 'ScheduledRun',
    metadata: { name },
    spec: { runTemplate: { pipelineRef: { name: 'none' }, parameters: { day: '[[ds]]' } }, ...spec },
  } as ScheduledRun)
const runsOf = async (name: string) =>
  (await kube.list<PipelineRun>(PIPELINE_RUNS, { namespace, labelSelector: `${API_GROUP}/schedule=${name}` })).items
const statusOf = async (name: string) => (await kube.get<ScheduledRun>(SCHEDULED_RUNS, namespace, name)).status
const end = (run: PipelineRun, phase: string) =>
  kube.patch(
    PIPELINE_RUNS,
    namespace,
    run.metadata.name,
    { status: { phase, completionTime: new Date().toISOString() } },
    'status',
  )

test('the API server refuses what can never be right', async () => {
  await expect(create('two', { schedule: { cron: '@daily', every: '1h' } as never })).rejects.toThrow(
    /must have at most 1|Too many/i,
  )
  await expect(create('word', { catchup: 'all' as never })).rejects.toThrow(/Unsupported value/)
})

test('catches up, waits for slots, tells its events, and keeps a wrong spec visible', async () => {
  controller = start()
  await create('daily', {
    schedule: { cron: '@daily' },
    startTime: new Date(Date.now() - 3 * 86_400_000).toISOString(),
    catchup: 'All',
    maxActiveRuns: 2,
  })
  await until('two runs', async () => (await runsOf('daily')).length === 2)
  await until('the third waits', async () =>
    (await statusOf('daily'))?.conditions?.some(({ reason }) => reason === 'WaitingForSlot'),
  )
  for (const run of await runsOf('daily')) await end(run, 'Succeeded')
  await until('the third run', async () => (await statusOf('daily'))?.index === 3)
  expect((await runsOf('daily')).map((run) => (run.spec.arguments as { day: string }).day)).toHaveLength(3)
  await create('wrong', { schedule: { cron: '0 0 30 2 *' } })
  const told = await until('it is told', async () =>
    (await statusOf('wrong'))?.conditions?.find(({ type }) => type === 'Valid'),
  )
  expect(told).toMatchObject({
    status: 'False',
    message: expect.stringMatching(/no instant within five years.*30 February/),
  })
  await create('late', { schedule: { cron: '* * * * *' }, startTime: new Date(Date.now() - 600_000).toISOString() })
  const skipped = await until('the event of the skipped ticks', async () =>
    (await kube.list<KubeObject & { reason: string }>(EVENTS, { namespace })).items.find(
      ({ reason }) => reason === 'TicksSkipped',
    ),
  )
  expect(skipped).toMatchObject({ message: expect.stringMatching(/skipped \d+ instants .* catchup is Latest/) })
})

test('20 kills between creating and saving: no run twice, none lost', async () => {
  let kills = 20
  // The process dies as the cursor is to be written: runs are there, the status is not.
  const dying: KubeClient = {
    ...kube,
    patch: async (resource, ...rest) => {
      if (resource === SCHEDULED_RUNS && kills-- > 0) throw new Error('killed')
      return await kube.patch(resource, ...rest)
    },
  }
  const days = 30
  await create('many', {
    schedule: { cron: '@daily' },
    startTime: new Date(Date.now() - days * 86_400_000).toISOString(),
    catchup: 'All',
    maxActiveRuns: 100,
  })
  while (kills > 0) {
    controller = start(dying)
    const before = kills
    await until('a kill', async () => kills < before)
    await controller.stop()
  }
  controller = start()
  await until('all are there', async () => (await statusOf('many'))?.index === days)
  const runs = (await runsOf('many')).map(seeRun)
  expect(new Set(runs.map(({ logicalDate }) => logicalDate)).size).toBe(days)
  expect(runs).toHaveLength(days)
})

test('a backfill runs its range; deleting the schedule takes its runs along', async () => {
  controller = start()
  await create('fill', { schedule: { cron: '@daily' } })
  const spec = {
    scheduleRef: { name: 'fill' },
    from: '2020-02-27T00:00:00Z',
    to: '2020-03-01T00:00:00Z',
    maxActiveRuns: 3,
  }
  await kube.create(BACKFILLS, namespace, {
    apiVersion,
    kind: 'Backfill',
    metadata: { name: 'leap' },
    spec,
  } as Backfill)
  await until('three at once', async () => (await runsOf('fill')).length === 3)
  for (const run of await runsOf('fill')) await end(run, 'Succeeded')
  await until('the fourth', async () => (await runsOf('fill')).length === 4)
  for (const run of await runsOf('fill')) await end(run, 'Succeeded')
  const done = await until('its end', async () => {
    const { status } = await kube.get<Backfill>(BACKFILLS, namespace, 'leap')
    return status?.phase === 'Succeeded' && status
  })
  expect(done.ticks?.map(({ logicalDate }) => logicalDate.slice(0, 10))).toEqual([
    '2020-02-27',
    '2020-02-28',
    '2020-02-29',
    '2020-03-01',
  ])
  await kube.delete(SCHEDULED_RUNS, namespace, 'fill')
  await until('no runs', async () => (await runsOf('fill')).length === 0)
})

/** 1,000 are measured by `make bench-cluster`; here the point is that each schedule gets its run. */
const SCHEDULES = 100

test(`${SCHEDULES} schedules with one instant: each gets its run`, async () => {
  controller = start()
  const delays = await delaysOfSchedules(namespace, SCHEDULES, async () => {})
  expect(delays).toHaveLength(SCHEDULES)
}, 600_000)
