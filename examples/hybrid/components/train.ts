/** Source of train_component.yaml: from prepared data to one model file. Compiled by `make generate`. */
import { writeFile } from 'node:fs/promises'
import { defineComponent, t } from 'kfp-ts'
import { describeModel, printModel, trainClassifier } from 'kfp-ts/components'
import { readPrepared } from './prepared-data.ts'

export const train = defineComponent({
  name: 'train',
  description: 'Trains a random forest.',
  inputs: {
    dataset: t.dataset({ description: 'of preprocess' }),
    trees: t.integer({ default: 100 }),
    seed: t.integer({ default: 42 }),
  },
  outputs: { model: t.model({ description: 'one JSON file that takes raw rows' }) },
  async run({ dataset, trees, seed }, { model }) {
    const { train: rows, plan } = await readPrepared(dataset.path)
    const trained = trainClassifier(rows, plan.target, { trees, seed }, plan)
    await writeFile(model.path, printModel(trained))
    model.framework = 'kfp-ts'
    Object.assign(model.metadata, describeModel(trained))
    console.log(`${trees} trees with ${trained.forest.feature.length} nodes from ${rows.rows.length} rows`)
  },
})
