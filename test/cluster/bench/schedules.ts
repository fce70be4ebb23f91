/** `make bench-cluster`: a thousand schedules with one instant in one operator. Before: main.ts. */
import { setTimeout as delay } from 'node:timers/promises'
import { makePlace } from '../support/cluster.ts'
import { bareCreations, delaysOfSchedules, quantileOf } from '../support/many-schedules.ts'
import { startInstalledOperator } from './installed.ts'

const SCHEDULES = Number(process.env['KFP_TS_BENCH_SCHEDULES'] ?? 1000)
const WRITES = 'kfp_ts_operator_api_writes_total'
/** Statuses are written when nothing is left to create. */
const QUIET_MILLIS = 15_000

/** How the bench tells a line, and asks an operator. */
export interface Tools {
  readonly tell: (what: string, measured: string, goal?: string) => void
  readonly peakMemory: (operator: { readonly pid: number }) => Promise<string>
  /** Values of a metric by the text of its labels. */
  readonly metricLines: (
    operator: { readonly metricsUrl: string },
    name: string,
  ) => Promise<{ labels: string; value: number }[]>
}

export async function manySchedules({ tell, peakMemory, metricLines }: Tools): Promise<void> {
  // In a namespace of its own: the runs of its schedules go with them.
  const place = await makePlace('bench-schedules')
  // No run of the measurement is started: what is measured is that it is made.
  const operator = await startInstalledOperator(place, ['--selector', 'kfp-ts.dev/bench=nobody'])
  try {
    let before: { labels: string; value: number }[] = []
    const delays = await delaysOfSchedules(place.namespace, SCHEDULES, async () => {
      before = await metricLines(operator, WRITES)
    })
    const what = `${SCHEDULES} schedules with one instant`
    tell(`${what}: delay to the run, p50`, millis(quantileOf(delays, 0.5)))
    tell(`${what}: delay to the run, p99`, millis(quantileOf(delays, 0.99)), 'below 2 s')
    await delay(QUIET_MILLIS)
    const after = await metricLines(operator, WRITES)
    const written = (kind: string) => {
      const of = (lines: typeof after) => lines.find(({ labels }) => labels.includes(`"${kind}"`))?.value ?? 0
      return (of(after) - of(before)) / SCHEDULES
    }
    tell(`${what}: runs made by each tick`, written('scheduled-run').toFixed(2), '1')
    tell(`${what}: writes of a schedule's status by each tick`, written('schedule-status').toFixed(2), '1')
    tell(`${what}: peak memory of the operator`, await peakMemory(operator), 'at most 200 MB')
    tell(`as many runs without schedules, 24 at once`, millis(await bareCreations(place.namespace, SCHEDULES)))
  } finally {
    await operator.kill()
    await place.remove()
  }
}

const millis = (value: number): string => `${(value / 1000).toFixed(2)} s`
