/** preprocess: learns imputation, scaling and encoding from the training part and applies them to both. Before train. */
import { writeFile } from 'node:fs/promises'
import { defineComponent, t } from '../../dsl/index.ts'
import { readDataset, writeDataset } from '../table/dataset-file.ts'
import { preprocessTable } from './apply.ts'
import { fitPreprocessing } from './fit.ts'
import { featureNames } from './plan.ts'

export const preprocess = /* @__PURE__ */ defineComponent({
  name: 'preprocess',
  description: 'Fills gaps, scales numbers and encodes categories; learned from the training part alone.',
  inputs: {
    train: t.dataset(),
    test: t.dataset(),
    target: t.string({ description: 'column with the class' }),
    impute_numeric: t.literal(['median', 'mean', 'zero'], { default: 'median' }),
    impute_categorical: t.literal(['most_frequent', 'missing'], { default: 'most_frequent' }),
    scale: t.literal(['standard', 'minmax', 'none'], { default: 'standard' }),
    encode: t.literal(['onehot', 'ordinal'], { default: 'onehot' }),
    max_categories: t.integer({ default: 50, description: 'rarer categories than these count as unknown' }),
    drop: t.list(t.string(), { default: [], description: 'columns to leave out' }),
    categorical: t.list(t.string(), { default: [], description: 'columns of numbers that are categories in truth' }),
  },
  outputs: {
    train_features: t.dataset({ description: 'numbers, and the target as last column' }),
    test_features: t.dataset({ description: 'the same for the test part' }),
    preprocessing: t.artifact({ description: 'what was learned, as JSON; give it to train' }),
  },
  async run(inputs, outputs) {
    const train = await readDataset(inputs.train)
    const plan = fitPreprocessing(train, {
      target: inputs.target,
      imputeNumeric: inputs.impute_numeric,
      imputeCategorical: inputs.impute_categorical,
      scale: inputs.scale,
      encode: inputs.encode,
      maxCategories: inputs.max_categories,
      drop: inputs.drop,
      categorical: inputs.categorical,
    })
    await writeDataset(outputs.train_features, preprocessTable(plan, train), { preprocessed: true })
    const test = preprocessTable(plan, await readDataset(inputs.test))
    await writeDataset(outputs.test_features, test, { preprocessed: true })
    await writeFile(outputs.preprocessing.path, `${JSON.stringify(plan, undefined, 1)}\n`)
    console.log(`${plan.columns.length} columns became ${featureNames(plan).length} features`)
    for (const { name, reason } of plan.dropped) console.log(`dropped ${name}: ${reason}`)
  },
})
