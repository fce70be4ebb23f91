/** Train, judge, register, promote through a gate, and serve: what runs again whenever there is new data. */
import { definePipeline, t } from 'kfp-ts'
import {
  deployModel,
  evaluate,
  loadCsv,
  preprocess,
  promoteModel,
  registerModel,
  split,
  train,
} from 'kfp-ts/components'

export const retrain = definePipeline(
  {
    name: 'retrain',
    description: 'A new version becomes champion when it is at least as accurate as the champion.',
    inputs: {
      source: t.string(),
      target: t.string(),
      model_name: t.string({ default: 'breast-cancer' }),
      trees: t.integer({ default: 50 }),
      seed: t.integer({ default: 42 }),
    },
  },
  ({ source, target, model_name, trees, seed }) => {
    const parts = split({ data: loadCsv({ source }).output, stratify_by: target }).outputs
    const features = preprocess({ ...parts, target }).outputs
    const { train_features: data, preprocessing } = features
    const trained = train({ data, target, preprocessing, trees, seed })
    const judged = evaluate({ model: trained.output, data: parts.test }).outputs
    const registered = registerModel({ model: trained.output, metrics: judged.metrics, name: model_name })
    const gate = { name: model_name, version: registered.output, metric: 'accuracy', reason: 'retrained' }
    const promoted = promoteModel(gate)
    // Whichever version holds the alias then: a refused one changes nothing.
    const served = deployModel({ name: model_name, alias: 'champion' }).after(promoted).outputs
    return { accuracy: judged.accuracy, version: registered.output, outcome: promoted.outputs.outcome, url: served.url }
  },
)
