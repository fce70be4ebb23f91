/** train: a random forest on a preprocessed Dataset, saved as one model file. Before evaluate. */
import { readFile, writeFile } from 'node:fs/promises'
import { defineComponent, t } from '../../dsl/index.ts'
import { printModel } from '../model/model-file.ts'
import type { PreprocessingPlan } from '../preprocess/plan.ts'
import { readDataset } from '../table/dataset-file.ts'
import { forestOptions } from './forest-parameters.ts'
import { describeModel, trainClassifier } from './train-classifier.ts'

export const train = /* @__PURE__ */ defineComponent({
  name: 'train',
  description: 'Trains a random forest for classification (ml-random-forest); seeded.',
  inputs: {
    data: t.dataset({ description: 'features as numbers, and the target' }),
    target: t.string({ description: 'column with the class' }),
    preprocessing: t.optional(t.artifact({ description: 'of preprocess: the model then takes raw rows' })),
    trees: t.integer({ default: 100 }),
    max_depth: t.integer({ default: 0, description: 'splits from the root to a leaf; 0: no limit' }),
    max_features: t.string({ default: 'sqrt', description: 'columns tried at a split: sqrt, log2, all or a number' }),
    min_samples_split: t.integer({ default: 2 }),
    min_samples_leaf: t.integer({ default: 1 }),
    seed: t.integer({ default: 42, description: 'the same seed gives the same model' }),
  },
  outputs: { model: t.model({ description: 'one JSON file' }) },
  async run(inputs, { model }) {
    const table = await readDataset(inputs.data)
    const plan = inputs.preprocessing
      ? (JSON.parse(await readFile(inputs.preprocessing.path, 'utf8')) as PreprocessingPlan)
      : undefined
    const trained = trainClassifier(table, inputs.target, forestOptions(inputs), plan)
    await writeFile(model.path, printModel(trained))
    model.framework = 'kfp-ts'
    Object.assign(model.metadata, describeModel(trained))
    console.log(`${trained.forest.roots.length} trees with ${trained.forest.feature.length} nodes`)
  },
})
