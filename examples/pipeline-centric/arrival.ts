/** The same pipeline where data arrives late: it waits for its day, its file and its supplier, and takes no pod meanwhile. */
import { definePipeline, t, waitFor } from 'kfp-ts'
import { evaluate, preprocess, train } from './pipeline.ts'

const HOUR = 3600

export const arrival = definePipeline(
  {
    name: 'weather-on-arrival',
    description: 'Forecasts a day as soon as its weather is complete; is skipped when it is not within six hours.',
    inputs: {
      source: t.string({ description: 'Where seattle-weather.csv arrives: a path or an s3:// URI' }),
      supplier: t.string({ description: 'Address that answers {"complete": true} when the day is complete' }),
      from: t.string(),
      to: t.string(),
    },
  },
  ({ source, supplier, from, to }) => {
    const over = waitFor.time({ taskName: 'day-is-over', at: to, afterSeconds: HOUR })
    const file = waitFor
      .object({
        ...{ taskName: 'file-is-there', uri: source, type: t.dataset() },
        ...{ minBytes: 1, stableSeconds: 60, everySeconds: 60, timeoutSeconds: 6 * HOUR, onTimeout: 'skip' },
      })
      .after(over)
    const complete = waitFor
      .http({ taskName: 'day-is-complete', url: supplier, until: 'json.complete', timeoutSeconds: 6 * HOUR })
      .after(over)
    const data = preprocess({ source, from, to }).after(file, complete)
    const model = train({ history: data.outputs.history })
    const judged = evaluate({ model: model.output, today: data.outputs.today })
    return { error: judged.outputs.error }
  },
)
