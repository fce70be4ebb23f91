/** load_csv: brings a CSV from a URL, a data URL or a path into the pipeline as a Dataset. First step of most pipelines. */
import { defineComponent, t } from '../../dsl/index.ts'
import { MISSING_VALUES, parseCsv } from '../table/csv.ts'
import { writeDataset } from '../table/dataset-file.ts'
import { readSource } from './read-source.ts'

export const loadCsv = /* @__PURE__ */ defineComponent({
  name: 'load_csv',
  description: 'Reads a CSV file (also gzipped) from a URL, a data URL or a path and checks it.',
  inputs: {
    source: t.string({ description: 'https://…, data:…, file:///… or a path that the step can see' }),
    delimiter: t.string({ default: ',' }),
    missing_values: t.list(t.string(), {
      default: [...MISSING_VALUES],
      description: 'texts that mean "no value" besides the empty one',
    }),
  },
  outputs: { dataset: t.dataset({ description: 'CSV with a header line, gaps empty' }) },
  async run({ source, delimiter, missing_values }, { dataset }) {
    const table = parseCsv(await readSource(source), { delimiter, missingValues: missing_values })
    await writeDataset(dataset, table)
    console.log(`${table.rows.length} rows, ${table.columns.length} columns: ${table.columns.join(', ')}`)
  },
})
