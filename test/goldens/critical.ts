/** The corpus's `critical/` folder in our DSL. */
import {
  atMost,
  collected,
  defineContainerComponent,
  definePipeline,
  equals,
  exitHandler,
  greaterThan,
  If,
  importer,
  kubernetes,
  oneOf,
  parallelFor,
  t,
  text,
} from 'kfp-ts'
import type { AnyPipeline } from '../../dsl/index.ts'
import { python } from './support.ts'

const add = python('add_numbers', { inputs: { a: t.integer(), b: t.integer() }, outputs: { Output: t.integer() } })
const addNumbers = definePipeline(
  { name: 'add-numbers', inputs: { a: t.integer(), b: t.integer() } },
  ({ a, b }) => add({ a, b }).output,
)

const makeDataset = python('core_comp', { outputs: { dataset: t.dataset() } })
const core = definePipeline({ name: 'core' }, () => makeDataset().setCaching(false).output)
const mantle = definePipeline({ name: 'mantle' }, () => core().setCaching(false).output)
const eatDataset = python('crust_comp', { inputs: { input: t.dataset() } })
const artifactCrust = definePipeline({ name: 'artifact-pipeline' }, () => {
  eatDataset({ input: mantle().setCaching(false).output }).setCaching(false)
})

const optionalOp = python('component_op', {
  inputs: {
    input1: t.string({ default: 'default value' }),
    input2: t.optional(t.string()),
    input3: t.optional(t.string()),
  },
})
const optionalInputs = definePipeline({ name: 'v2-component-optional-input' }, () => {
  optionalOp({ input1: 'Hello', input2: 'World' })
})

const hello = defineContainerComponent({
  name: 'hello_world_container',
  image: 'registry',
  command: ['echo', 'hello world'],
})
const containerWithoutInputs = definePipeline({ name: 'v2-container-component-no-input' }, () => {
  hello()
})

const flip = python('flip_coin', { outputs: { Output: t.string() } })
const random = python('random_num', {
  inputs: { low: t.integer(), high: t.integer() },
  outputs: { Output: t.integer() },
})
const printMsg = python('print_msg', { inputs: { msg: t.string() } })
const flipCoin = definePipeline(
  { name: 'conditional-execution-pipeline', description: 'Shows how to use dsl.If().' },
  () => {
    const coin = flip().setCaching(false)
    for (const [face, low] of [
      ['heads', 0],
      ['tails', 10],
    ] as const) {
      If(equals(coin.output, face), () => {
        const number = random({ low, high: low + 9 }).setCaching(false)
        If(greaterThan(number.output, low + 5), () => {
          printMsg({ msg: text`${face} and ${number.output} > ${String(low + 5)}!` }).setCaching(false)
        })
        If(atMost(number.output, low + 5), () => {
          printMsg({ msg: text`${face} and ${number.output} <= ${String(low + 5)}!` }).setCaching(false)
        })
      })
    }
  },
)

const toArtifact = python('param_to_artifact', { inputs: { val: t.string() }, outputs: { a: t.artifact() } })
const printArtifact = python('print_artifact', { inputs: { a: t.artifact() } })
const flipCoinPipeline = definePipeline({ name: 'flip-coin-pipeline' }, () => {
  const coin = flip()
  const [heads, tails] = If(equals(coin.output, 'heads'), () => toArtifact({ val: coin.output })).Else(() =>
    toArtifact({ val: coin.output }),
  ).results
  const chosen = oneOf(heads.output, tails.output)
  printArtifact({ a: chosen })
  return chosen
})
const oneOfArtifacts = definePipeline({ name: 'outer-pipeline' }, () => {
  printArtifact({ a: flipCoinPipeline().output })
})

const logMessage = python('log_message', { inputs: { message: t.string() } })
const missingKubernetes = definePipeline(
  {
    name: 'missing-kubernetes-optional-inputs-pipeline',
    inputs: {
      optional_secret_name: t.optional(t.string()),
      optional_config_map_name: t.optional(t.string()),
      optional_image_pull_secret_name: t.optional(t.string()),
      optional_selector: t.optional(t.struct()),
      optional_tolerations: t.optional(t.list()),
      optional_affinity: t.optional(t.struct()),
    },
  },
  (given) => {
    const task = logMessage({ message: 'baseline task' }).setCaching(false)
    const secret = { secretName: given.optional_secret_name, optional: true }
    const configMap = { configMapName: given.optional_config_map_name, optional: true }
    kubernetes.useSecretAsEnv(task, { ...secret, keyToEnv: { password: 'PASSWORD' } })
    kubernetes.useSecretAsVolume(task, { ...secret, mountPath: '/mnt/secret' })
    kubernetes.useConfigMapAsEnv(task, { ...configMap, keyToEnv: { setting: 'SETTING' } })
    kubernetes.useConfigMapAsVolume(task, { ...configMap, mountPath: '/mnt/config' })
    kubernetes.setImagePullSecrets(task, [given.optional_image_pull_secret_name])
    kubernetes.addNodeSelectorJson(task, given.optional_selector)
    kubernetes.addTolerationJson(task, given.optional_tolerations)
    kubernetes.addNodeAffinityJson(task, given.optional_affinity)
  },
)

const buildModelCar = python('build_model_car', { outputs: { model: t.model() } })
const listModelFiles = python('get_model_files_list', {
  inputs: { input_model: t.model() },
  outputs: { Output: t.string() },
})
const modelcar = definePipeline(
  {
    name: 'pipeline-with-modelcar-model',
    inputs: { model_uri: t.string({ default: 'oci://registry.domain.local/modelcar:test' }) },
  },
  ({ model_uri }) => {
    buildModelCar().setCaching(false)
    const model = importer({ uri: model_uri, type: t.model(), reimport: false })
    listModelFiles({ input_model: model.output }).setCaching(false)
  },
)

const makeTwo = python('core_comp', { outputs: { val1: t.string(), val2: t.string() } })
const coreTwo = definePipeline({ name: 'core' }, () => {
  const { val1, val2 } = makeTwo().setCaching(false).outputs
  return { val1, val2 }
})
const mantleTwo = definePipeline({ name: 'mantle' }, () => {
  const { val1, val2 } = coreTwo().setCaching(false).outputs
  return { val1, val2 }
})
const takeTwo = python('crust_comp', { inputs: { val1: t.string(), val2: t.string() } })
const multipleParameters = definePipeline({ name: 'multiple-parameters-namedtuple-pipeline' }, () => {
  const { val1, val2 } = mantleTwo().setCaching(false).outputs
  takeTwo({ val1, val2 }).setCaching(false)
})

const notebook = definePipeline(
  { name: 'nb-simple', inputs: { text: t.string({ default: 'hello' }) } },
  ({ text: given }) => {
    python('run_train_notebook', { inputs: { text: t.string() } })({ text: given }).setCaching(false)
  },
)

const printOp = python('print_op', { inputs: { message: t.string() }, outputs: { Output: t.string() } })
const afterLoop = definePipeline({ name: 'loop-with-after-dependency-set' }, () => {
  const inside = parallelFor([1, 2, 3], () => printOp({ message: 'foo' }))
  printOp({ message: 'bar' }).after(inside)
  printOp({ message: 'baz' }).after(inside)
})

const makeText = python('core_comp', { outputs: { Output: t.string() } })
const coreText = definePipeline({ name: 'core' }, () => makeText().output)
const mantleText = definePipeline({ name: 'mantle' }, () => coreText().output)
const takeText = python('crust_comp', { inputs: { input: t.string() } })
const parameterCache = definePipeline({ name: 'parameter-cache-pipeline' }, () => {
  takeText({ input: mantleText().output })
})

const double = python('double', { inputs: { num: t.integer() }, outputs: { Output: t.integer() } })
const sum = python('add', { inputs: { nums: t.list(t.integer()) }, outputs: { Output: t.integer() } })
const sumWithJq = defineContainerComponent({
  name: 'add_container',
  inputs: { nums: t.list(t.integer()) },
  outputs: { sum: t.integer() },
  image: 'jetbrainsinfra/jq',
  command: ['sh', '-c'],
  args: ({ nums }, { sum: result }) => [
    `\n            set -ex\n            mkdir -p $(dirname ${result.path})\n            echo ${nums} | jq 'add' > ${result.path}\n            `,
  ],
})
const parametersSimple = definePipeline({ name: 'math-pipeline' }, () => {
  const doubled = parallelFor([1, 2, 3], (num) => double({ num }))
  const all = collected(doubled.output)
  sum({ nums: all })
  sumWithJq({ nums: all })
  return all
})

const customPath = definePipeline(
  { name: 'pipeline-with-custom-path-artifact', description: 'pipeline with artifact with custom path' },
  () => {
    const made = python('component_output_artifact', { outputs: { out_dataset: t.dataset() } })().setCaching(false)
    const validate = python('validate_input_artifact', {
      inputs: { in_dataset: t.dataset() },
      outputs: { Output: t.boolean() },
    })
    validate({ in_dataset: made.output })
  },
)

const downloadDataset = python('download_dataset_and_upload_as_artifact', {
  inputs: { dataset_repo: t.string(), dataset_name: t.string() },
  outputs: { output_dataset: t.dataset() },
})
const printDataset = python('print_dataset_info', { inputs: { dataset: t.dataset() } })
const uploadDownload = definePipeline(
  {
    name: 'pipeline-with-datasets',
    description: 'Download Hugging Face Data Set, upload it as an artifact and print its metadata',
    inputs: {
      dataset_repo: t.string({ default: 'google/frames-benchmark' }),
      dataset_name: t.string({ default: '' }),
    },
  },
  ({ dataset_repo, dataset_name }) => {
    printDataset({ dataset: downloadDataset({ dataset_repo, dataset_name }).output })
  },
)

const printEnv = defineContainerComponent({
  name: 'print_env',
  image: 'alpine',
  command: ['sh', '-c', 'set -e -x\necho "$ENV1"\necho "$ENV2"\necho "$ENV3"\n'],
  env: { ENV1: 'val0' },
})
const withEnv = definePipeline({ name: 'pipeline-with-env' }, () => {
  python('print_env_op')().setEnv('ENV1', 'val1')
  printEnv().setEnv('ENV2', 'val2').setEnv('ENV3', 'val3')
})

const echoState = python('echo_state', { inputs: { status: t.finalStatus() } })
const someTask = python('some_task')
const statusState = definePipeline({ name: 'status-state-pipeline' }, () => {
  exitHandler(echoState(), () => {
    someTask()
  })
})

const addReal = python('add', { inputs: { a: t.number(), b: t.number() }, outputs: { Output: t.number() } })
const withRetry = definePipeline(
  { name: 'test-pipeline', inputs: { a: t.number({ default: 1 }), b: t.number({ default: 7 }) } },
  ({ a, b }) => {
    addReal({ a, b }).setRetry({ maxRetries: 3 })
  },
)

const generateSecretName = python('generate_secret_name', { outputs: { some_output: t.string() } })
const secretEnv = definePipeline(
  { name: 'pipeline-secret-env', inputs: { secret_parm: t.string({ default: 'test-secret-1' }) } },
  ({ secret_parm }) => {
    const generated = generateSecretName()
    const task = python('comp')()
    kubernetes.useSecretAsEnv(task, { secretName: secret_parm, keyToEnv: { username: 'USER_NAME' } })
    kubernetes.useSecretAsEnv(task, { secretName: 'test-secret-2', keyToEnv: { password: 'PASSWORD_VAR1' } })
    kubernetes.useSecretAsEnv(task, { secretName: generated.output, keyToEnv: { password: 'PASSWORD_VAR2' } })
  },
)

const submitRequest = python('submit_request', { inputs: { url: t.string() } })
const submit = definePipeline(
  {
    name: 'pipeline-with-external-request',
    description: 'A pipeline that requests both in-cluster & external URLs.',
  },
  () => {
    submitRequest({ url: 'httpbin.org/get' }).setCaching(false)
    submitRequest({ url: 'ml-pipeline:8888/apis/v2beta1/healthz' }).setCaching(false)
  },
)

const longName = definePipeline({ name: 'here-is-a-pipeline-very-long-name' }, () => {
  kubernetes.createPvc({
    pvc_name_suffix: '-my-pvc',
    access_modes: ['ReadWriteOnce'],
    size: '1Gi',
    storage_class_name: 'standard',
  })
  python('dummy_task')()
})

const writeToWorkspace = python('write_to_workspace', {
  inputs: { workspace_path: t.string() },
  outputs: { Output: t.string() },
})
const readFromWorkspace = python('read_from_workspace', {
  inputs: { file_path: t.string() },
  outputs: { Output: t.string() },
})
const workspace = definePipeline(
  {
    name: 'pipeline-with-workspace',
    description: 'A pipeline that demonstrates workspace functionality',
    kubernetes: {
      workspace: {
        size: '1Gi',
        kubernetes: { pvcSpecPatch: { accessModes: ['ReadWriteOnce'], storageClassName: 'standard' } },
      },
    },
  },
  () => {
    const written = writeToWorkspace({ workspace_path: '{{$.workspace_path}}' })
    return readFromWorkspace({ file_path: written.output }).output
  },
)

const genData = python('gen_data', { outputs: { Output: t.dataset() } })
const trainModel = python('train_model', { inputs: { dataset: t.dataset() }, outputs: { Output: t.model() } })
const pythonicArtifacts = definePipeline({ name: 'pythonic-artifacts-test' }, () => {
  trainModel({ dataset: genData().setCaching(false).output }).setCaching(false)
})

const writeText = defineContainerComponent({
  name: 'component1',
  inputs: { text: t.string() },
  outputs: { output_gcs: t.dataset() },
  image: 'alpine',
  command: ['sh', '-c', 'mkdir --parents $(dirname "$1") && echo "$0" > "$1"'],
  args: ({ text: given }, { output_gcs }) => [given, output_gcs.path],
})
const cat = defineContainerComponent({
  name: 'component2',
  inputs: { input_gcs: t.dataset() },
  image: 'alpine',
  command: ['cat'],
  args: ({ input_gcs }) => [input_gcs.path],
})
const twoSteps = definePipeline(
  {
    name: 'containerized-two-step-pipeline',
    inputs: { text: t.string({ default: 'Hello KFP Containerized!' }) },
  },
  ({ text: given }) => {
    cat({ input_gcs: writeText({ text: given }).output })
  },
)

export const goldens: Readonly<Record<string, AnyPipeline>> = {
  'critical/add_numbers.yaml': addNumbers,
  'critical/artifact_crust.yaml': artifactCrust,
  'critical/component_with_optional_inputs.yaml': optionalInputs,
  'critical/container_component_with_no_inputs.yaml': containerWithoutInputs,
  'critical/flip_coin.yaml': flipCoin,
  'critical/if_else_with_oneof_artifacts.yaml': oneOfArtifacts,
  'critical/missing_kubernetes_optional_inputs.yaml': missingKubernetes,
  'critical/modelcar.yaml': modelcar,
  'critical/multiple_parameters_namedtuple.yaml': multipleParameters,
  'critical/notebook_component_simple.yaml': notebook,
  'critical/parallel_for_after_dependency.yaml': afterLoop,
  'critical/parameter_cache.yaml': parameterCache,
  'critical/parameters_simple.yaml': parametersSimple,
  'critical/pipeline_with_artifact_custom_path.yaml': customPath,
  'critical/pipeline_with_artifact_upload_download.yaml': uploadDownload,
  'critical/pipeline_with_env.yaml': withEnv,
  'critical/pipeline_with_input_status_state.yaml': statusState,
  'critical/pipeline_with_retry.yaml': withRetry,
  'critical/pipeline_with_secret_as_env.yaml': secretEnv,
  'critical/pipeline_with_submit_request.yaml': submit,
  'critical/pipeline_with_volume_long_name.yaml': longName,
  'critical/pipeline_with_workspace.yaml': workspace,
  'critical/pythonic_artifacts_test_pipeline.yaml': pythonicArtifacts,
  'critical/two_step_pipeline_containerized.yaml': twoSteps,
}
