/** Tests of the pipeline. They run without a cluster; a fake takes the place of any step that a test has no use for. */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { runPipeline, StepFailure } from 'kfp-ts/testing'
import { flowers } from './pipeline.ts'

const source = fileURLToPath(new URL('data/iris.csv', import.meta.url))

test('learns to tell the flowers apart', async () => {
  const run = await runPipeline(flowers, { arguments: { source, trees: 20 } })
  assert.equal(run.state, 'SUCCEEDED', run.error?.message)
  assert.ok(Number(run.outputs.accuracy) > 0.85)
})

test('adds the area of the petals', async () => {
  const nothing = () => ({})
  const run = await runPipeline(flowers, {
    arguments: { source },
    components: { split: nothing, preprocess: nothing, train: nothing, evaluate: () => ({ accuracy: 1, f1_macro: 1 }) },
  })
  const [area] = run.task('add-area').outputs.artifacts.dataset ?? []
  const csv = await readFile(area?.uri ?? '', 'utf8')
  assert.match(csv, /^petal_area,sepal_length/)
})

test('a step that fails fails the run, with the reason', async () => {
  const run = await runPipeline(flowers, {
    arguments: { source },
    components: {
      train: () => {
        throw new StepFailure('application', 'no luck today')
      },
    },
  })
  assert.equal(run.state, 'FAILED')
  assert.match(run.task('train').error?.message ?? '', /no luck today/)
})
