/** What /metrics tells during and after runs whose numbers are known. */
import { expect, test } from 'vitest'
import { finished, submit, until } from './support/cluster.ts'
import { useOperator, usePlace } from './support/fixtures.ts'
import { shellPipeline } from './support/pipelines.ts'

const place = usePlace('metrics')
const operator = useOperator(place, ['--max-active-runs', '1', '--status-interval', '0.2'])

/** Name with labels to value. */
async function scrape(): Promise<Map<string, number>> {
  const text = await (await fetch(operator.metricsUrl)).text()
  const lines = text.split('\n').filter((line) => line.startsWith('kfp_ts_operator_'))
  return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.split(' ').at(-1))]))
}

test('queue, pods by phase, attempts, retries by cause, latencies and writes have the values of the runs', async () => {
  const text = shellPipeline('counted', {
    flaky: { script: '[ "$KFP_RETRY_INDEX" = 1 ] || { sleep 10; exit 4; }', retries: 2 },
    last: { script: 'true', after: ['flaky'] },
  })
  const first = await submit(place, text)
  const second = await submit(place, text)
  await until('one run waits while a pod of the other runs', async () => {
    const now = await scrape()
    return (
      now.get('kfp_ts_operator_queue_depth') === 1 &&
      now.get('kfp_ts_operator_active_runs') === 1 &&
      now.get('kfp_ts_operator_pods{phase="Running"}') === 1 &&
      now.get('kfp_ts_operator_pods_in_flight') === 1
    )
  })
  for (const run of [first, second]) expect((await finished(place, run)).status?.phase).toBe('Succeeded')
  // A step is over when its container ended; the phase of its pod comes a moment later.
  const after = await until('all pods are over', async () => {
    const now = await scrape()
    return now.get('kfp_ts_operator_pods{phase="Succeeded"}') === 4 && now
  })
  expect(Object.fromEntries(after)).toMatchObject({
    kfp_ts_operator_leader: 1,
    kfp_ts_operator_queue_depth: 0,
    kfp_ts_operator_pods_in_flight: 0,
    kfp_ts_operator_pods_waiting: 0,
    kfp_ts_operator_pods_created_total: 6,
    'kfp_ts_operator_api_writes_total{kind="pod"}': 6,
    'kfp_ts_operator_pods{phase="Succeeded"}': 4,
    'kfp_ts_operator_pods{phase="Failed"}': 2,
    'kfp_ts_operator_pods{phase="Running"}': 0,
    'kfp_ts_operator_attempts_total{outcome="succeeded",cause=""}': 4,
    'kfp_ts_operator_attempts_total{outcome="failed",cause="application"}': 2,
    'kfp_ts_operator_retries_total{cause="application"}': 2,
  })
  // One decision a pod that followed from another's end, within a range that says no more than that it was measured.
  expect(after.get('kfp_ts_operator_decision_seconds_count')).toBe(4)
  expect(after.get('kfp_ts_operator_decision_seconds_bucket{le="10"}')).toBe(4)
  expect(after.get('kfp_ts_operator_reconcile_seconds_count')).toBeGreaterThan(4)
})

test('health and readiness answer', async () => {
  const base = operator.metricsUrl.replace(/\/metrics$/, '')
  expect((await fetch(`${base}/healthz`)).status).toBe(200)
  expect((await fetch(`${base}/readyz`)).status).toBe(200)
})
