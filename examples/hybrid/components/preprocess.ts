/** Source of preprocess_component.yaml: from raw CSV to prepared data. Compiled by `make generate`. */
import { gunzipSync } from 'node:zlib'
import { defineComponent, t } from 'kfp-ts'
import { fitPreprocessing, MISSING_VALUES, parseCsv, preprocessTable, readSource, splitTable } from 'kfp-ts/components'
import { writePrepared } from './prepared-data.ts'
import { ADULT_INCOME } from './sample.gen.ts'

/** Means the data set that travels inside the component, so that a pod without a network has something to work on. */
const SAMPLE = 'sample'

export const preprocess = defineComponent({
  name: 'preprocess',
  description: 'Splits a data set, fills gaps, scales numbers and encodes categories.',
  inputs: {
    source: t.string({
      default: SAMPLE,
      description: 'URL or path of a CSV; "sample": the census data packed into the step',
    }),
    target: t.string({ default: 'income', description: 'column with the class' }),
    test_fraction: t.number({ default: 0.2 }),
    seed: t.integer({ default: 42 }),
  },
  outputs: { dataset: t.dataset({ description: 'folder with train.csv, test.csv and preprocessing.json' }) },
  async run({ source, target, test_fraction, seed }, { dataset }) {
    const text =
      source === SAMPLE ? gunzipSync(Buffer.from(ADULT_INCOME, 'base64')).toString() : await readSource(source)
    const table = parseCsv(text, { missingValues: MISSING_VALUES })
    const parts = splitTable(table, { testFraction: test_fraction, seed, stratifyBy: target })
    const plan = fitPreprocessing(parts.train, { target })
    const prepared = { train: preprocessTable(plan, parts.train), test: preprocessTable(plan, parts.test), plan }
    await writePrepared(dataset.path, prepared)
    Object.assign(dataset.metadata, { rows: table.rows.length, features: prepared.train.columns.length - 1, target })
    console.log(
      `${table.rows.length} rows, ${table.columns.length} columns -> ${prepared.train.columns.length - 1} features`,
    )
    console.log(`${parts.train.rows.length} rows to train, ${parts.test.rows.length} to test`)
  },
})
