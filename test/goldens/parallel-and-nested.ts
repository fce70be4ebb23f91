/** The corpus's `parallel_and_nested/` folder in our DSL. */
import { defineContainerComponent, definePipeline, kubernetes, parallelFor, t } from 'kfp-ts'
import type { AnyPipeline, ParameterType } from '../../dsl/index.ts'
import { printOp1, withOutputs } from './essential.ts'
import { python } from './support.ts'

const KEYS = { username: 'MY_SECRET_KEY' }

const emitSecretName = python('emit_secret_name', { outputs: { Output: t.string() } })
const worker = python('worker_component', { inputs: { item: t.string() }, outputs: { Output: t.string() } })
const nestedSecret = definePipeline(
  {
    name: 'pipeline-4-nested-parallel-for-secret',
    description: 'Pipeline with outer task output used as secret name inside ParallelFor.',
  },
  () => {
    const emitted = emitSecretName()
    parallelFor(
      ['x', 'y'],
      (item) => {
        kubernetes.useSecretAsEnv(worker({ item }), { secretName: emitted.output, keyToEnv: KEYS })
      },
      { parallelism: 1 },
    )
  },
)

const example = python('example_component', { inputs: { item: t.string() }, outputs: { Output: t.string() } })
const loopSecret = definePipeline(
  {
    name: 'pipeline-2-parallel-for-secret',
    description: 'Pipeline with 1 component inside ParallelFor using use_secret_as_env.',
    inputs: { my_secret_name: t.string({ default: 'test-secret-1' }) },
  },
  ({ my_secret_name }) => {
    parallelFor(
      ['a', 'b', 'c'],
      (item) => {
        kubernetes.useSecretAsEnv(example({ item }), { secretName: my_secret_name, keyToEnv: KEYS })
      },
      { parallelism: 1 },
    )
  },
)

const KINDS = { string: t.string(), integer: t.integer(), boolean: t.boolean() }
const optional = (name: string, input: string, kind: keyof typeof KINDS) =>
  python(name, { inputs: { [input]: t.optional<ParameterType>(KINDS[kind]) } })
const child = definePipeline(
  {
    name: 'nested-pipeline',
    inputs: {
      nestedInputStr1: t.string({ default: 'Input 1 - nested pipeline' }),
      nestedInputStr2: t.string({ default: 'Input 2 - nested pipeline' }),
      nestedInputInt1: t.integer({ default: 0 }),
      nestedInputInt2: t.integer({ default: 0 }),
      nestedInputBool1: t.boolean({ default: false }),
      nestedInputBool2: t.boolean({ default: false }),
    },
  },
  (given) => {
    optional(
      'component_a_str',
      'componentInputStr',
      'string',
    )({ componentInputStr: given.nestedInputStr1 }).setCaching(false)
    optional(
      'component_b_str',
      'componentInputStr',
      'string',
    )({ componentInputStr: given.nestedInputStr2 }).setCaching(false)
    optional(
      'component_a_int',
      'componentInputInt',
      'integer',
    )({ componentInputInt: given.nestedInputInt1 }).setCaching(false)
    optional(
      'component_b_int',
      'componentInputInt',
      'integer',
    )({ componentInputInt: given.nestedInputInt2 }).setCaching(false)
    optional(
      'component_a_bool',
      'componentInputBool',
      'boolean',
    )({ componentInputBool: given.nestedInputBool1 }).setCaching(false)
    optional(
      'component_b_bool',
      'componentInputBool',
      'boolean',
    )({ componentInputBool: given.nestedInputBool2 }).setCaching(false)
  },
)
const childLevel = definePipeline({ name: 'nested-pipeline-opt-input-child-level' }, () => {
  child({ nestedInputStr1: 'Input - pipeline', nestedInputInt1: 1, nestedInputBool1: true }).setCaching(false)
})

const nilChild = definePipeline(
  {
    name: 'nested-pipeline',
    inputs: {
      nestedInputStr: t.optional(t.string()),
      nestedInputInt: t.optional(t.integer()),
      nestedInputBool: t.optional(t.boolean()),
    },
  },
  (given) => {
    optional('component_str', 'componentInput', 'string')({ componentInput: given.nestedInputStr }).setCaching(false)
    optional('component_int', 'componentInput', 'integer')({ componentInput: given.nestedInputInt }).setCaching(false)
    optional('component_bool', 'componentInput', 'boolean')({ componentInput: given.nestedInputBool }).setCaching(false)
  },
)
const allNil = definePipeline({ name: 'nested-pipeline-opt-inputs-nil' }, () => {
  nilChild().setCaching(false)
})

const printOp2 = defineContainerComponent({
  name: 'print_op2',
  inputs: { msg: t.string() },
  image: 'alpine',
  command: ({ msg }) => ['echo', msg],
})
const innerPrints = definePipeline({ name: 'inner-pipeline', inputs: { msg: t.string() } }, ({ msg }) => {
  const first = printOp1({ msg })
  printOp2({ msg: first.output })
})
const inPipeline = definePipeline({ name: 'pipeline-in-pipeline' }, () => {
  printOp1({ msg: 'Hello' })
  innerPrints({ msg: 'world' })
})

const printData = python('print_op1', { inputs: { data: t.artifact() } })
const loadedFromYaml = definePipeline({ name: 'pipeline-in-pipeline' }, () => {
  const loaded = withOutputs({ msg: 'Hello' })
  printData({ data: loaded.output })
})

const mountClaim = definePipeline(
  {
    name: 'pipeline-parallel-for-mount-pvc',
    description: 'Pipeline with 1 component inside ParallelFor using mount_pvc.',
    inputs: { my_pvc_name_suffix: t.string({ default: 'test-pvc' }) },
  },
  () => {
    const claim = kubernetes.createPvc({
      pvc_name_suffix: '-my-pvc',
      access_modes: ['ReadWriteOnce'],
      size: '5Mi',
      storage_class_name: 'standard',
    })
    parallelFor(['a'], (item) => {
      kubernetes.mountPvc(example({ item }), { pvcName: claim.outputs.name, mountPath: '/data' })
    })
  },
)

const generateRecords = python('args_generator_op', {
  outputs: { Output: t.list(t.struct({ A_a: t.string(), B_b: t.string() })) },
})
const printText = python('print_text', { inputs: { msg: t.string() } })
const printStruct = python('print_struct', { inputs: { struct: t.struct() } })
const loops = definePipeline(
  { name: 'pipeline-with-loops', inputs: { loop_parameter: t.list(t.string(), { default: ['a', 'b'] }) } },
  ({ loop_parameter }) => {
    parallelFor(loop_parameter, (msg) => {
      printText({ msg })
    })
    const generated = generateRecords()
    parallelFor(generated.output, (item) => {
      printStruct({ struct: item })
      printText({ msg: item.field('A_a') })
      printText({ msg: item.field('B_b') })
    })
    parallelFor(
      [
        { A_a: '1', B_b: '2' },
        { A_a: '10', B_b: '20' },
      ],
      (item) => {
        printStruct({ struct: item })
        printText({ msg: item.field('A_a') })
        printText({ msg: item.field('B_b') })
      },
    )
  },
)

export const goldens: Readonly<Record<string, AnyPipeline>> = {
  'parallel_and_nested/nested_parallel_for_secret.yaml': nestedSecret,
  'parallel_and_nested/nested_pipeline_opt_input_child_level_compiled.yaml': childLevel,
  'parallel_and_nested/nested_pipeline_opt_inputs_nil_compiled.yaml': allNil,
  'parallel_and_nested/parallel_for_mount_pvc.yaml': mountClaim,
  'parallel_and_nested/parallel_for_secret.yaml': loopSecret,
  'parallel_and_nested/pipeline_in_pipeline.yaml': inPipeline,
  'parallel_and_nested/pipeline_in_pipeline_loaded_from_yaml.yaml': loadedFromYaml,
  'parallel_and_nested/pipeline_with_loops.yaml': loops,
}
