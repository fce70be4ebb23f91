/** Cases of the corpus with loops and fan-in. */
import type { ConformanceCase, StepExpectation } from './expectation.ts'

/** One expectation for each iteration of a loop. */
function each(loop: string, step: string, expectations: readonly StepExpectation[]): Record<string, StepExpectation> {
  return Object.fromEntries(expectations.map((expectation, index) => [`${loop}[${index}]/${step}`, expectation]))
}
const prints = (...texts: string[]): StepExpectation[] => texts.map((log) => ({ log }))
const gives = (...values: (string | number)[]): StepExpectation[] =>
  values.map((value) => ({ parameters: { Output: value } }))

export const loopCases: readonly ConformanceCase[] = [
  {
    file: 'artifacts_simple.yaml',
    standIns: ['python'],
    artifacts: { Output: ['2', '4', '6'] },
    steps: {
      add: { artifacts: { out_dataset: { text: '12' } } },
      'add-container': { artifacts: { out_dataset: { text: '12' } } },
    },
  },
  {
    file: 'collected_artifacts.yaml',
    steps: {
      'collecting-artifacts/split-ids': { parameters: { Output: ['s1', 's2', 's3'] } },
      'collecting-artifacts/split-chars': { parameters: { Output: ['x', 'y', 'z'] } },
      'collecting-artifacts/for-loop-1[2]/for-loop-2[1]/single-node-dag/create-dataset': {
        artifacts: { data: { text: 'y' } },
      },
      'collecting-artifacts/for-loop-1[2]/for-loop-2[1]/read-single-dataset-generate-model': {
        artifacts: {
          results: { text: 'y-s3', metadata: { model: 'y', model_name: 'model-artifact-inner-iteration-y-s3' } },
        },
      },
      'collecting-artifacts/for-loop-1[0]/read-datasets': { parameters: { Output: 'files read' } },
      'collecting-artifacts/for-loop-1[0]/read-models': {
        log: ['Model raw data: x-s1', 'Model raw data: y-s1', 'Model raw data: z-s1'],
      },
      'read-models': {
        parameters: { Output: 'models read' },
        log: ['x', 'y', 'z'].flatMap((char) => ['s1', 's2', 's3'].map((id) => `Model raw data: ${char}-${id}`)),
      },
    },
  },
  {
    file: 'parameters_complex.yaml',
    note: '3 x 12 + 3 x 90: needs lists of lists',
    oracleDeviates: 'kfp.local hands floats to a List[int] component, which refuses the sum',
    outputs: { Output: 306 },
    steps: { 'nested-add': { parameters: { Output: 90 } }, ...each('for-loop-2', 'simple-add', gives(30, 30, 30)) },
  },
  {
    file: 'critical/parameters_simple.yaml',
    standIns: ['jq'],
    note: 'jq of the image is replaced by a few lines of Python',
    outputs: { Output: [2, 4, 6] },
    steps: { add: { parameters: { Output: 12 } }, 'add-container': { parameters: { sum: 12 } } },
  },
  {
    file: 'pipeline_producer_consumer.yaml',
    note: '3 x (2 + 4 + 6): needs lists of lists',
    oracleDeviates: 'kfp.local hands floats to a List[int] component, which refuses the sum',
    outputs: { Output: 36 },
    steps: { 'join-and-print': { log: 'math' } },
  },
  {
    file: 'pipeline_with_nested_loops.yaml',
    oracleDeviates: "kfp.local fails the first round of the outer loop, whose item holds the inner loop's list",
    steps: {
      ...each('for-loop-1[0]/for-loop-2', 'print-op', prints('msg: 1, msg2: None', 'msg: 2, msg2: None')),
      ...each('for-loop-1[1]/for-loop-2', 'print-op', prints('msg: 11, msg2: None', 'msg: 22, msg2: None')),
      ...each('for-loop-4', 'print-op-2', prints('msg: 1, msg2: None', 'msg: 2, msg2: None')),
      ...each(
        'for-loop-4[1]/for-loop-6',
        'print-op-3',
        prints('msg: 2, msg2: 100', 'msg: 2, msg2: 200', 'msg: 2, msg2: 300'),
      ),
    },
  },
  {
    file: 'pipeline_with_parallelfor_list_artifacts_GH-12033.yaml',
    check: ({ report }) => {
      const names = report.tasks.filter(({ path }) => /^root\/for-loop-[12]\[\d\]\/print-artifact-name/.test(path))
      const good = names.filter(({ state, outputs }) => state === 'SUCCEEDED' && outputs.parameters['Output'])
      return names.length > 2 && good.length === names.length ? [] : [`${good.length} of ${names.length} names printed`]
    },
  },
  {
    file: 'pipeline_with_parallelfor_parallelism.yaml',
    arguments: { loop_parameter: ['a', 'b'] },
    steps: {
      ...each('for-loop-1', 'print-text', prints('a', 'b')),
      ...each('for-loop-1[1]/for-loop-2', 'print-text-2', prints('a', 'b')),
      ...each('for-loop-4', 'print-text-3', prints('1', '10')),
      ...each('for-loop-4', 'print-text-4', prints('2', '20')),
      ...each('for-loop-4[0]/for-loop-6', 'print-text-5', prints('10', '100')),
      ...each('for-loop-4[0]/for-loop-6', 'print-text-6', prints('20', '200')),
      ...each('for-loop-8', 'print-int', prints('1', '2', '3')),
      ...each('for-loop-9', 'print-int-2', prints('1', '2', '3')),
      ...each('for-loop-10', 'print-int-3', prints('1', '2', '3')),
      ...each('for-loop-11', 'print-int-4', prints('1', '2', '3')),
      ...each('for-loop-12', 'print-int-5', prints('1', '2', '3')),
      ...each('for-loop-13', 'print-int-6', prints('1', '2', '3')),
    },
  },
  {
    file: 'pipeline_with_parallelfor_pipeline_param.yaml',
    arguments: { loop_parameter: ['a', 'b'], prefix: 'p' },
    steps: {
      ...each('for-loop-1', 'print-with-prefix', gives('p: a', 'p: b')),
      ...each('for-loop-2', 'print-with-prefix-2', gives('dynamic-prefix: a', 'dynamic-prefix: b')),
      ...each('for-loop-4[1]/for-loop-5', 'print-with-prefix-3', gives('p: a', 'p: b')),
    },
  },
  {
    file: 'critical/parallel_for_after_dependency.yaml',
    steps: {
      ...each('for-loop-2', 'print-op', gives('foo', 'foo', 'foo')),
      'print-op-2': { parameters: { Output: 'bar' } },
      'print-op-3': { parameters: { Output: 'baz' } },
    },
  },
  {
    file: 'parallel_and_nested/pipeline_with_loops.yaml',
    steps: {
      ...each('for-loop-1', 'print-text', prints('a', 'b')),
      ...each('for-loop-2', 'print-struct', prints("{'A_a': '1', 'B_b': '2'}", "{'A_a': '10', 'B_b': '20'}")),
      ...each('for-loop-2', 'print-text-2', prints('1', '10')),
      ...each('for-loop-2', 'print-text-3', prints('2', '20')),
      ...each('for-loop-4', 'print-struct-2', prints("{'A_a': '1', 'B_b': '2'}", "{'A_a': '10', 'B_b': '20'}")),
      ...each('for-loop-4', 'print-text-4', prints('1', '10')),
      ...each('for-loop-4', 'print-text-5', prints('2', '20')),
    },
  },
  {
    file: 'parallel_and_nested/parallel_for_secret.yaml',
    note: 'secrets of Kubernetes are left out here, and the step prints so',
    steps: each('for-loop-2', 'example-component', gives('not-set', 'not-set', 'not-set')),
  },
  {
    file: 'parallel_and_nested/nested_parallel_for_secret.yaml',
    note: 'secrets of Kubernetes are left out here, and the step prints so',
    steps: each('for-loop-2', 'worker-component', gives('not-set', 'not-set')),
  },
]
