/** SIGKILL of an operator process at random moments while a schedule makes a run each second. KFP_TS_KILLS sets how many (default 3). */
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, expect, test } from 'vitest'
import { API_GROUP, API_VERSION } from '../../api/pipeline-run.ts'
import { PIPELINE_RUNS } from '../../client/kube/resources.ts'
import type { PipelineRun } from '../../operator/run-view.ts'
import { SCHEDULED_RUNS, type ScheduledRun, seeRun } from '../../operator/schedule/schedule-objects.ts'
import { kube, type OperatorProcess, startOperatorProcess, until } from './support/cluster.ts'
import { usePlace } from './support/fixtures.ts'

const KILLS = Number(process.env['KFP_TS_KILLS'] ?? 3)
const place = usePlace('schedule-kill')
let operator: OperatorProcess | undefined
afterAll(() => operator?.kill())

/** The runs fail at once, since there is no such pipeline: what counts is that each is made. */
const spec: ScheduledRun['spec'] = {
  schedule: { every: '1s' },
  catchup: 'All',
  maxActiveRuns: 1000,
  history: { successful: 1_000_000, failed: 1_000_000 },
  runTemplate: { pipelineRef: { name: 'none' } },
}

async function dates(): Promise<number[]> {
  const runs = await kube.list<PipelineRun>(PIPELINE_RUNS, { namespace: place.namespace })
  return runs.items.map((run) => seeRun(run).logicalDate! / 1000).sort((a, b) => a - b)
}

test(`${KILLS} kills of the operator: each second has its run, none has two`, async () => {
  const metadata = { name: 'each' }
  const apiVersion = `${API_GROUP}/${API_VERSION}`
  await kube.create(SCHEDULED_RUNS, place.namespace, {
    apiVersion,
    kind: 'ScheduledRun',
    metadata,
    spec,
  } as ScheduledRun)
  for (let kills = 0; kills < KILLS; kills += 1) {
    operator = await startOperatorProcess(place)
    // Before that it does nothing that a kill could cut in two.
    await until('it works', async () => operator?.log().includes('the cluster was looked at'))
    await delay(Math.random() * 1500)
    await operator.kill('SIGKILL')
  }
  operator = await startOperatorProcess(place)
  await until('some runs', async () => (await dates()).length > 2)
  await kube.patch(SCHEDULED_RUNS, place.namespace, 'each', { spec: { suspend: true } })
  const { status } = await until('it is suspended', async () => {
    const object = await kube.get<ScheduledRun>(SCHEDULED_RUNS, place.namespace, 'each')
    return object.status?.suspendedAt !== undefined && object
  })
  const made = await dates()
  expect(made).toEqual(Array.from({ length: made.length }, (_, index) => made[0]! + index))
  // The kill may have come between creating and saving: the cursor is behind then, never ahead.
  expect(Date.parse(status?.lastTick ?? '')).toBeLessThanOrEqual(made.at(-1)! * 1000)
  process.stdout.write(`operator killed ${KILLS} times, ${made.length} runs\n`)
}, 3_600_000)

test('two replicas: when the leader is killed or hands over, each second still has one run', async () => {
  await operator?.kill()
  const replica = (identity: string) =>
    startOperatorProcess(place, ['--leader-election', '--lease-namespace', place.namespace, '--identity', identity])
  const leads = (one: OperatorProcess) => until('it leads', async () => one.log().includes('this replica leads'), 60)
  const first = await replica('first')
  await leads(first)
  const second = await replica('second')
  operator = second
  await kube.patch(SCHEDULED_RUNS, place.namespace, 'each', { spec: { suspend: false } })
  const before = (await dates()).length
  await until('some runs', async () => (await dates()).length > before + 2)
  await first.kill('SIGKILL')
  await leads(second)
  const third = await replica('third')
  operator = third
  const handedOver = (await dates()).length
  await until('more runs', async () => (await dates()).length > handedOver + 2)
  await second.kill('SIGTERM')
  await leads(third)
  const end = (await dates()).length
  await until('runs of the third', async () => (await dates()).length > end + 2)
  const made = await dates()
  expect(new Set(made).size).toBe(made.length)
  expect(made).toEqual(Array.from({ length: made.length }, (_, index) => made[0]! + index))
}, 600_000)
