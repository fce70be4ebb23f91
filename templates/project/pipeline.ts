/** The pipeline: which components run, and what goes from one to the next. `npm start` runs it. */
import { definePipeline, t } from 'kfp-ts'
import { evaluate, loadCsv, preprocess, split, train } from 'kfp-ts/components'
import { addArea } from './components/add-area.ts'

export const flowers = definePipeline(
  {
    name: 'flowers',
    description: 'Tells three kinds of iris apart.',
    inputs: {
      source: t.string({ description: 'URL or path of the CSV' }),
      trees: t.integer({ default: 50 }),
    },
  },
  ({ source, trees }) => {
    const target = 'species'
    // Read again in every run: the cache knows the path, not what has changed behind it.
    const data = loadCsv({ source }).setCaching(false)
    const measured = addArea({ flowers: data.output })
    const parts = split({ data: measured.output, stratify_by: target }).outputs
    const features = preprocess({ train: parts.train, test: parts.test, target }).outputs
    const trained = train({ data: features.train_features, target, preprocessing: features.preprocessing, trees })
    const judged = evaluate({ model: trained.output, data: parts.test })
    return { accuracy: judged.outputs.accuracy, model: trained.output }
  },
)
