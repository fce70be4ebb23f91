import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parseScheduledRunSpec } from '../../api/parse-scheduled-run.ts'
import { scheduleSpecOf } from '../../api/schedule-options.ts'
import { compileBackfill } from '../../engine/schedule/backfill.ts'
import { compileSchedule } from '../../engine/schedule/compile-schedule.ts'
import { expandMacros, macroValuesOf } from '../../engine/schedule/macros.ts'
import { examplesOf, parseDays } from './forecast.ts'
import { evaluate, preprocess, train, weather } from './pipeline.ts'

const source = fileURLToPath(new URL('../data/seattle-weather.csv', import.meta.url))
let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kfp-ts-weather-'))
})
afterAll(() => rm(folder, { recursive: true }))

const artifact = (name: string) => ({ path: join(folder, name), metadata: {} }) as never

async function dayOf(from: string, to: string): Promise<number> {
  await preprocess.run(
    { source, from, to },
    { history: artifact('history'), today: artifact('today') } as never,
    {} as never,
  )
  await train.run({ history: artifact('history') }, { model: artifact('model') } as never, {} as never)
  const { error } = await evaluate.run(
    { model: artifact('model'), today: artifact('today') },
    { metrics: artifact('metrics') } as never,
    {} as never,
  )
  return error
}

test('a month of backfilled days, each with its own interval, beats "as warm as yesterday"', async () => {
  const spec = parseScheduledRunSpec({
    ...scheduleSpecOf(weather.model.schedule!),
    runTemplate: { pipelineRef: { name: 'p' } },
  }).spec!
  const now = Date.parse('2016-01-01T00:00:00Z')
  const { schedule } = compileSchedule('daily-weather', spec, now)
  const range = { scheduleRef: { name: 'daily-weather' }, from: '2015-12-01T00:00:00Z', to: '2015-12-30T00:00:00Z' }
  const { backfill } = compileBackfill('december', range, schedule!, now)
  const errors: number[] = []
  for (const [index, slot] of backfill!.slots.entries()) {
    const plan = { name: 'run', kind: 'backfill' as const, slot, logicalDate: slot.logicalDate, index, held: false }
    const values = macroValuesOf(plan, schedule!.zone, 'run', now)
    const { from, to } = expandMacros(weather.model.schedule!.parameters as never, values) as {
      from: string
      to: string
    }
    errors.push(await dayOf(from, to))
  }
  expect(errors).toHaveLength(30)
  const mean = errors.reduce((total, error) => total + error, 0) / errors.length
  const december = examplesOf(parseDays(await readFile(source, 'utf8'))).filter(
    ({ date }) => date >= '2015-12-01' && date < '2015-12-31',
  )
  const asYesterday =
    december.reduce((total, { known, warmest }) => total + Math.abs(known[1]! - warmest), 0) / december.length
  expect(mean).toBeLessThan(asYesterday)
  expect(mean).toBeLessThan(2)
})

test('an interval without weather is refused by name', async () => {
  await expect(dayOf('2016-02-01T00:00:00Z', '2016-02-02T00:00:00Z')).rejects.toThrow(/has no weather from 2016-02-01/)
})
