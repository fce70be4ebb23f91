import { expect, test } from 'vitest'
import { SCHEDULED_RUNS } from '../../operator/schedule/schedule-objects.ts'
import { FakeCluster } from '../../operator/testing/fake-cluster.ts'
import type { Metadata } from '../../store/metadata/database.ts'
import type { RecurringRunRow } from '../../store/metadata/tables.ts'
import { clusterSchedules } from './cluster-schedules.ts'

const row = {
  recurring_run_id: '11111111-1111-4111-8111-111111111111',
  namespace: 'ml',
  display_name: 'Nightly report',
  trigger: JSON.stringify({ cron_schedule: { cron: '0 0 0 * * *' } }),
  runtime_config: '{"parameters":{},"resource":true}',
  max_concurrency: 1,
  enabled: 1,
  created_at: 0,
} as RecurringRunRow

test('a run by hand is asked for at the resource of the row; one without a resource has no command', async () => {
  const cluster = new FakeCluster()
  const schedules = clusterSchedules({} as Metadata, cluster.client as never, { fallback: 'default' })
  await schedules.create(row, { experiment: 'e', pipelineText: '{}', parameters: {} })
  const [name] = cluster.names(SCHEDULED_RUNS)
  expect(schedules.runNowCommand(row)).toBe(
    `kubectl -n ml annotate scheduledrun ${name} pipelines.kfp-ts.dev/run-now=ID`,
  )
  expect(schedules.runNowCommand({ ...row, runtime_config: '{}' })).toBeUndefined()
})
