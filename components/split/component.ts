/** split: divides a Dataset into a training and a test part. After load_csv, before preprocess. */
import { defineComponent, t } from '../../dsl/index.ts'
import { readDataset, writeDataset } from '../table/dataset-file.ts'
import { splitTable } from './split.ts'

export const split = /* @__PURE__ */ defineComponent({
  name: 'split',
  description: 'Divides a data set into a training and a test part; seeded, and stratified if wanted.',
  inputs: {
    data: t.dataset(),
    test_fraction: t.number({ default: 0.2, description: 'share of the rows for the test part' }),
    seed: t.integer({ default: 42, description: 'the same seed gives the same parts' }),
    stratify_by: t.string({ default: '', description: 'column whose shares both parts keep, usually the target' }),
  },
  outputs: { train: t.dataset(), test: t.dataset() },
  async run({ data, test_fraction, seed, stratify_by }, outputs) {
    const options = { testFraction: test_fraction, seed, ...(stratify_by ? { stratifyBy: stratify_by } : {}) }
    const parts = splitTable(await readDataset(data), options)
    await writeDataset(outputs.train, parts.train)
    await writeDataset(outputs.test, parts.test)
    console.log(`${parts.train.rows.length} rows to train, ${parts.test.rows.length} to test`)
  },
})
