/** The example of architecture 3 on a cluster: compiled with its schedule, applied, backfilled over days of real weather. */
import { spawnSync } from 'node:child_process'
import { chmod, copyFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { API_GROUP, API_VERSION, LABELS } from '../../api/pipeline-run.ts'
import {
  BACKFILLS,
  type Backfill,
  SCHEDULED_RUNS,
  type ScheduledRun,
} from '../../operator/schedule/schedule-objects.ts'
import { kube, ROOT, until } from './support/cluster.ts'
import { useOperator, usePlace } from './support/fixtures.ts'

/** Days of December 2015; the month is KFP_TS_BACKFILL_DAYS=30. */
const DAYS = Number(process.env['KFP_TS_BACKFILL_DAYS'] ?? 3)
const place = usePlace('weather')
useOperator(place)

test(`kfp-ts compile --schedule, kubectl apply, a Backfill of ${DAYS} days: each with its own interval`, async () => {
  const data = join(place.store, 'weather.csv')
  await copyFile(join(ROOT, 'examples/data/seattle-weather.csv'), data)
  await chmod(data, 0o644)
  const example = join(ROOT, 'examples/pipeline-centric/pipeline.ts')
  const compiled = spawnSync(join(ROOT, 'bin/kfp-ts.js'), ['compile', example, '--schedule'], { encoding: 'utf8' })
  expect(compiled.stderr).toBe('')
  const resource = parse(compiled.stdout) as ScheduledRun
  const { runTemplate } = resource.spec
  const parameters = { ...runTemplate.parameters, source: '/kfp-store/weather.csv' }
  // The days of the schedule itself are over: by hand or by a backfill only.
  const spec = { ...resource.spec, suspend: true, runTemplate: { ...runTemplate, parameters } }
  await kube.create(SCHEDULED_RUNS, place.namespace, { ...resource, spec })
  await kube.create(BACKFILLS, place.namespace, {
    apiVersion: `${API_GROUP}/${API_VERSION}`,
    kind: 'Backfill',
    metadata: { name: 'december' },
    spec: {
      scheduleRef: { name: 'daily-weather' },
      from: '2015-12-01T00:00:00Z',
      to: `2015-12-${String(DAYS).padStart(2, '0')}T00:00:00Z`,
      maxActiveRuns: 3,
    },
  } as Backfill)
  const done = await until(
    'the end of the backfill',
    async () => {
      const { status } = await kube.get<Backfill>(BACKFILLS, place.namespace, 'december')
      return status?.phase !== undefined && status.phase !== 'Running' && status
    },
    120 + DAYS * 60,
  )
  expect(done).toMatchObject({ phase: 'Succeeded', total: DAYS })
  const runs = (await place.runs.list()).filter(
    ({ metadata }) => metadata.labels?.[LABELS.schedule] === 'daily-weather',
  )
  const days = runs.map(({ spec: { arguments: given } }) => `${given?.['from']} ${given?.['to']}`).sort()
  const midnight = (day: number) => new Date(Date.UTC(2015, 11, day)).toISOString().replace('.000', '')
  expect(days).toEqual(Array.from({ length: DAYS }, (_, index) => `${midnight(index + 1)} ${midnight(index + 2)}`))
  const errors = runs.map(({ status }) => status?.outputs?.['error'] as number)
  expect(new Set(errors).size).toBe(DAYS)
  expect(errors.reduce((sum, error) => sum + error, 0) / DAYS).toBeLessThan(6)
}, 3_600_000)
