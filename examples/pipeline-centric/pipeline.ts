/** Architecture 3: preprocess, train, evaluate, every day by the clock; each run works on the day that its data interval names. */
import { readFile, writeFile } from 'node:fs/promises'
import { defineComponent, definePipeline, macros, t } from 'kfp-ts'
import { type Example, examplesOf, type Forecast, learn, parseDays, predict } from './forecast.ts'

/** Two years are learned from. */
const HISTORY_DAYS = 730

export const preprocess = defineComponent({
  name: 'preprocess',
  description: 'Splits the weather into what lies before the data interval and what lies in it.',
  inputs: { source: t.string(), from: t.string(), to: t.string() },
  outputs: { history: t.dataset(), today: t.dataset(), days: t.integer() },
  async run({ source, from, to }, { history, today }) {
    const examples = examplesOf(parseDays(await readFile(source, 'utf8')))
    const before = examples.filter(({ date }) => date < from.slice(0, 10)).slice(-HISTORY_DAYS)
    const inside = examples.filter(({ date }) => date >= from.slice(0, 10) && date < to.slice(0, 10))
    if (inside.length === 0) throw new Error(`${source} has no weather from ${from} to ${to}`)
    await writeFile(history.path, JSON.stringify(before))
    await writeFile(today.path, JSON.stringify(inside))
    return { days: inside.length }
  },
})

export const train = defineComponent({
  name: 'train',
  description: 'Learns the warmest temperature of a day from the day before.',
  inputs: { history: t.dataset() },
  outputs: { model: t.model() },
  async run({ history }, { model }) {
    const examples = JSON.parse(await readFile(history.path, 'utf8')) as Example[]
    await writeFile(model.path, JSON.stringify(learn(examples)))
  },
})

export const evaluate = defineComponent({
  name: 'evaluate',
  description: 'Compares the forecast for the interval with how warm it became.',
  inputs: { model: t.model(), today: t.dataset() },
  outputs: { error: t.number(), metrics: t.metrics() },
  async run({ model, today }, { metrics }) {
    const forecast = JSON.parse(await readFile(model.path, 'utf8')) as Forecast
    const examples = JSON.parse(await readFile(today.path, 'utf8')) as Example[]
    const errors = examples.map((example) => Math.abs(predict(forecast, example) - example.warmest))
    const error = errors.reduce((total, value) => total + value, 0) / errors.length
    metrics.metadata['mean_absolute_error'] = error
    return { error }
  },
})

export const weather = definePipeline(
  {
    name: 'daily-weather',
    description: 'Forecasts the warmest temperature of each day in Seattle and measures by how much it was wrong.',
    inputs: { source: t.string({ description: 'Path of seattle-weather.csv' }), from: t.string(), to: t.string() },
    schedule: {
      cron: '@daily',
      startTime: '2015-12-01T00:00:00Z',
      catchup: 'None',
      interval: 'DataInterval',
      maxActiveRuns: 1,
      parameters: { from: macros.dataIntervalStart, to: macros.dataIntervalEnd },
    },
  },
  ({ source, from, to }) => {
    const data = preprocess({ source, from, to })
    const model = train({ history: data.outputs.history })
    const judged = evaluate({ model: model.output, today: data.outputs.today })
    return { error: judged.outputs.error }
  },
)
