/** The corpus's `essential/` folder in our DSL. */
import { atMost, defineContainerComponent, definePipeline, equals, greaterThan, If, parallelFor, t, text } from 'kfp-ts'
import type { AnyPipeline } from '../../dsl/index.ts'
import { python } from './support.ts'

const readEnvVar = python('read_env_var', {
  inputs: { var_name: t.string() },
  outputs: { Output: t.string() },
  env: { KFP_TEST_ENV_VAR: 'env_var_value' },
})
const withEnvVariable = definePipeline(
  { name: 'pipeline-with-env-variable', inputs: { var_name: t.string({ default: 'KFP_TEST_ENV_VAR' }) } },
  ({ var_name }) => readEnvVar({ var_name }).output,
)

const pipIndexUrls = definePipeline({ name: 'v2-component-pip-index-urls' }, () => {
  python('component_op')()
})
const pipInstall = definePipeline({ name: 'component-with-pip-install' }, () => {
  python('component_with_pip_install')()
})

const noInput = defineContainerComponent({
  name: 'container_no_input',
  image: 'registry',
  command: ['echo', 'hello world'],
})
const containerNoInput = definePipeline({ name: 'container-no-input' }, () => {
  noInput()
})

const embedded = definePipeline({ name: 'nb-simple' }, () => {
  python('read_embedded_artifact_dir')().setCaching(false)
  python('read_embedded_artifact_file')().setCaching(false)
})

const preprocess = python('preprocess', {
  inputs: { message: t.string(), input_dict_parameter: t.struct(), input_list_parameter: t.list(t.string()) },
  outputs: {
    output_dataset_one: t.dataset(),
    output_dataset_two_path: t.dataset(),
    output_parameter_path: t.string(),
    output_bool_parameter_path: t.boolean(),
    output_dict_parameter_path: t.struct(),
    output_list_parameter_path: t.list(t.string()),
  },
})
const train = python('train', {
  inputs: {
    dataset_one_path: t.dataset(),
    dataset_two: t.dataset(),
    message: t.string(),
    input_bool: t.boolean(),
    input_dict: t.struct(),
    input_list: t.list(t.string()),
    num_steps: t.integer({ default: 100 }),
  },
  outputs: { model: t.model() },
})
const lightweight = definePipeline(
  { name: 'my-test-pipeline-beta', inputs: { message: t.string(), input_dict: t.struct({ default: { A: 1, B: 2 } }) } },
  ({ message, input_dict }) => {
    const made = preprocess({ message, input_dict_parameter: input_dict, input_list_parameter: ['a', 'b', 'c'] })
    train({
      dataset_one_path: made.outputs.output_dataset_one,
      dataset_two: made.outputs.output_dataset_two_path,
      message: made.outputs.output_parameter_path,
      input_bool: made.outputs.output_bool_parameter_path,
      input_dict: made.outputs.output_dict_parameter_path,
      input_list: made.outputs.output_list_parameter_path,
    })
  },
)

const flipCoinOp = python('flip_coin_op', { outputs: { Output: t.string() } })
const printMessage = python('print_op', { inputs: { msg: t.string() } })
const singleCondition = definePipeline(
  { name: 'single-condition-pipeline', inputs: { text: t.string({ default: 'condition test' }) } },
  ({ text: given }) => {
    const flip = flipCoinOp().setCaching(false)
    printMessage({ msg: flip.output })
    If(equals(flip.output, 'heads'), () => {
      const again = flipCoinOp().setCaching(false)
      printMessage({ msg: again.output })
      printMessage({ msg: given })
    })
  },
)

const outputMetrics = python('output_metrics', { outputs: { metrics: t.metrics() } })
const metricsOutputs = definePipeline({ name: 'pipeline-with-metrics-outputs' }, () => {
  outputMetrics()
  parallelFor([1, 2], () => {
    outputMetrics()
  })
})

const flipCoin = defineContainerComponent({
  name: 'flip_coin',
  outputs: { output: t.string() },
  image: 'python:alpine3.9',
  command: ['sh', '-c'],
  args: (_, { output }) => [
    `mkdir -p "$(dirname $0)" && python -c "import random; result = 'heads' if random.randint(0,1) == 0 else 'tails'; print(result, end='')" | tee $0`,
    output.path,
  ],
})
const randomNumber = (low: number, high: number) =>
  defineContainerComponent({
    name: 'generate_random_number',
    outputs: { output: t.integer() },
    image: 'python:alpine3.9',
    command: ['sh', '-c'],
    args: (_, { output }) => [
      'mkdir -p "$(dirname $2)" && python -c "import random; print(random.randint($0, $1), end=\'\')" | tee $2',
      String(low),
      String(high),
      output.path,
    ],
  })
const print = defineContainerComponent({
  name: 'print',
  inputs: { msg: t.string() },
  image: 'python:alpine3.9',
  command: ({ msg }) => ['echo', msg],
})
const nestedConditions = definePipeline(
  {
    name: 'conditional-execution-pipeline',
    displayName: 'Conditional execution pipeline.',
    description: 'Shows how to use dsl.Condition().',
  },
  () => {
    const flip = flipCoin()
    If(equals(flip.output, 'heads'), () => {
      const number = randomNumber(0, 9)()
      If(greaterThan(number.output, 5), () => {
        print({ msg: text`heads and ${number.output} > 5!` })
      })
      If(atMost(number.output, 5), () => {
        print({ msg: text`heads and ${number.output} <= 5!` })
      })
    })
    If(equals(flip.output, 'tails'), () => {
      const number = randomNumber(10, 19)()
      If(greaterThan(number.output, 15), () => {
        print({ msg: text`tails and ${number.output} > 15!` })
      })
      If(atMost(number.output, 15), () => {
        print({ msg: text`tails and ${number.output} <= 15!` })
      })
    })
  },
)

const printOp1 = python('print_op1', { inputs: { msg: t.string() }, outputs: { Output: t.string() } })
const printToFile = defineContainerComponent({
  name: 'print_op2',
  inputs: { msg: t.string() },
  outputs: { data: t.artifact() },
  image: 'alpine',
  command: ['sh', '-c', 'mkdir --parents $(dirname "$1") && echo "$0" > "$1"'],
  args: ({ msg }, { data }) => [msg, data.path],
})
const inner = definePipeline({ name: 'inner-pipeline', inputs: { msg: t.string() } }, ({ msg }) => {
  const first = printOp1({ msg })
  const second = printToFile({ msg: first.output })
  return { msg: first.output, data: second.output }
})
const withOutputs = definePipeline(
  { name: 'pipeline-in-pipeline', inputs: { msg: t.string({ default: 'Hello' }) } },
  ({ msg }) => {
    printOp1({ msg })
    return inner({ msg: 'world' }).outputs.data
  },
)

const printOp = python('print_op', { inputs: { text: t.string() }, outputs: { Output: t.string() } })
const printTwo = python('print_op2', {
  inputs: { text1: t.string(), text2: t.string() },
  outputs: { Output: t.string() },
})
const containingFormat = definePipeline(
  { name: 'pipeline-with-pipelineparam-containing-format', inputs: { name: t.string({ default: 'KFP' }) } },
  ({ name }) => {
    const hello = printOp({ text: text`Hello ${name}` })
    printOp({ text: text`${hello.output}, again.` })
    parallelFor(['1', '2'], (item) => {
      printTwo({ text1: item, text2: text` and ${name}.` })
    })
  },
)

const addNumbers = python('add_numbers', {
  inputs: { a: t.integer(), b: t.integer() },
  outputs: { Output: t.integer() },
})
const reused = definePipeline(
  { name: 'pipeline-with-reused-component', inputs: { a: t.integer({ default: 2 }), b: t.integer({ default: 5 }) } },
  ({ a, b }) => {
    const first = addNumbers({ a, b: 3 })
    const second = addNumbers({ a: first.output, b })
    addNumbers({ a: second.output, b: 7 })
  },
)

export { inner as innerWithOutputs, printOp1, withOutputs }

export const goldens: Readonly<Record<string, AnyPipeline>> = {
  'essential/component_with_env_variable.yaml': withEnvVariable,
  'essential/component_with_pip_index_urls.yaml': pipIndexUrls,
  'essential/component_with_pip_install.yaml': pipInstall,
  'essential/component_with_pip_install_in_venv.yaml': pipInstall,
  'essential/container_no_input.yaml': containerNoInput,
  'essential/embedded_artifact.yaml': embedded,
  'essential/lightweight_python_functions_pipeline.yaml': lightweight,
  'essential/pipeline_with_condition.yaml': singleCondition,
  'essential/pipeline_with_metrics_outputs.yaml': metricsOutputs,
  'essential/pipeline_with_nested_conditions_yaml.yaml': nestedConditions,
  'essential/pipeline_with_outputs.yaml': withOutputs,
  'essential/pipeline_with_params_containing_format.yaml': containingFormat,
  'essential/pipeline_with_reused_component.yaml': reused,
}
