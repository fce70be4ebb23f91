/** A component of your own: a function with typed inputs and outputs that runs in a process, or a pod, of its own. */
import { defineComponent, t } from 'kfp-ts'
import { columnValues, readDataset, writeDataset } from 'kfp-ts/components'

export const addArea = defineComponent({
  name: 'add_area',
  description: 'Adds the area of the petals as a column.',
  inputs: { flowers: t.dataset() },
  outputs: { dataset: t.dataset() },
  async run({ flowers }, { dataset }) {
    const table = await readDataset(flowers)
    const lengths = columnValues(table, 'petal_length').map(Number)
    const widths = columnValues(table, 'petal_width').map(Number)
    const rows = table.rows.map((row, i) => [(lengths[i]! * widths[i]!).toFixed(2), ...row])
    await writeDataset(dataset, { columns: ['petal_area', ...table.columns], rows })
  },
})
