/** Many schedules with one instant, and how long after it each of them has its run. */
import { setTimeout as delay } from 'node:timers/promises'
import { API_GROUP, API_VERSION, LABELS } from '../../../api/pipeline-run.ts'
import { startInformer } from '../../../client/kube/informer.ts'
import { PIPELINE_RUNS } from '../../../client/kube/resources.ts'
import type { PipelineRun } from '../../../operator/run-view.ts'
import { SCHEDULED_RUNS, type ScheduledRun, seeRun } from '../../../operator/schedule/schedule-objects.ts'
import { kube, until } from './cluster.ts'

const MINUTE = 60_000
/** Requests on their way while schedules are made. */
const AT_ONCE = 20

/**
 * Makes `count` schedules of each minute that begin at one minute, and waits for the first run of each.
 *
 * @param beforeInstant is called when every schedule was looked at, just before the instant
 * @returns milliseconds from the instant to the sight of each run, in order
 */
export async function delaysOfSchedules(
  namespace: string,
  count: number,
  beforeInstant: () => Promise<void>,
): Promise<number[]> {
  const delays: number[] = []
  const seen = new Set<string>()
  // All begin at one minute that is far enough away: making them takes a while.
  const begin = Math.ceil((Date.now() + 45_000 + count * 60) / MINUTE) * MINUTE
  const informer = startInformer<PipelineRun, PipelineRun>({
    client: kube,
    resource: PIPELINE_RUNS,
    selection: { namespace, labelSelector: LABELS.schedule },
    keep: (run) => run,
    onChange: (_key, run, gone) => {
      const { scheduleKey, logicalDate } = seeRun(run)
      // On a machine that is too slow the instant after the first may be the one that is made.
      if (gone || logicalDate === null || seen.has(scheduleKey)) return
      seen.add(scheduleKey)
      delays.push(Date.now() - logicalDate)
    },
  })
  try {
    const names = Array.from({ length: count }, (_, index) => `s${index}`)
    for (let at = 0; at < count; at += AT_ONCE)
      await Promise.all(names.slice(at, at + AT_ONCE).map((name) => create(namespace, name, begin)))
    const looked = async () =>
      (await kube.list<ScheduledRun>(SCHEDULED_RUNS, { namespace })).items.every(({ status }) => status?.nextTick)
    await until('every schedule was looked at', looked, 300)
    await delay(Math.max(0, begin - Date.now() - 500))
    await beforeInstant()
    await until('a run of each', async () => delays.length >= count, 300)
    return delays.sort((a, b) => a - b)
  } finally {
    await informer.stop()
  }
}

async function create(namespace: string, name: string, begin: number): Promise<void> {
  await kube.create(SCHEDULED_RUNS, namespace, {
    apiVersion: `${API_GROUP}/${API_VERSION}`,
    kind: 'ScheduledRun',
    metadata: { name },
    spec: {
      schedule: { cron: '* * * * *' },
      startTime: new Date(begin).toISOString(),
      runTemplate: { pipelineRef: { name: 'none' } },
    },
  } as ScheduledRun)
}

/** The value below which the share of the sorted values lies. */
export const quantileOf = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN

/** What the API server needs for as many runs without any schedule: the floor of the delay of the last one. */
export async function bareCreations(namespace: string, count: number): Promise<number> {
  const startedAt = performance.now()
  let next = 0
  const worker = async () => {
    while (next < count) {
      next += 1
      await kube.create(PIPELINE_RUNS, namespace, {
        apiVersion: `${API_GROUP}/${API_VERSION}`,
        kind: 'PipelineRun',
        metadata: { name: `bare-${next}` },
        spec: { pipelineRef: { name: 'none' }, suspend: true },
      } as PipelineRun)
    }
  }
  await Promise.all(Array.from({ length: 24 }, worker))
  return performance.now() - startedAt
}
