/** A part of the corpus that has every kind of input, output and control flow, with its artifacts on a real S3 server. */
import { expect, test } from 'vitest'
import { printTable, runCorpus } from './support/conformance.ts'
import { useObjectStore, useOperator, usePlace } from './support/fixtures.ts'
import { expectBarePods } from './support/user-pods.ts'

const REPRESENTATIVE = [
  'arguments_parameters.yaml',
  'critical/pipeline_with_retry.yaml',
  'essential/lightweight_python_functions_pipeline.yaml',
  'essential/pipeline_with_nested_conditions_yaml.yaml',
  'failing/pipeline_with_exit_handler.yaml',
  'local_execution/pipeline_with_caching.yaml',
  'parallel_and_nested/nested_pipeline_opt_input_child_level_compiled.yaml',
  'pipeline_with_parallelfor_list_artifacts_GH-12033.yaml',
]
const place = usePlace('conf-s3')
useOperator(place, ['--image-grace', '5', '--max-pods', '24'], useObjectStore(place))

test('a part of the corpus on pods, artifacts on S3', async () => {
  const rows = await runCorpus(place, REPRESENTATIVE)
  printTable('Artifacts on S3', rows)
  expect(rows.filter(({ outcome }) => outcome.startsWith('FAILED'))).toEqual([])
})

test("no pod of them holds a token, and the store's credentials stay with the launcher", async () => {
  expect(await expectBarePods(place)).toBeGreaterThan(0)
})
