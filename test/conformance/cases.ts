/** What each runnable file of the corpus must show, read from the pipeline itself; `oracle.json` has what `kfp.local` showed. */
import { chanceCases } from './cases-chance.ts'
import { loopCases } from './cases-loops.ts'
import type { ConformanceCase, StepExpectation } from './expectation.ts'

/** A step that prints its text. */
const hello: Readonly<Record<string, StepExpectation>> = { echo: { log: 'hello world' } }

const containerCases: readonly ConformanceCase[] = [
  { file: 'arguments_parameters.yaml', arguments: { param2: 'world' }, steps: { echo: { log: 'hello-world' } } },
  { file: 'hello_world.yaml', steps: hello },
  { file: 'mounted_cabundle_configmap.yaml', steps: hello },
  { file: 'mounted_cabundle_secret.yaml', steps: hello },
  { file: 'pipeline_with_only_display_name.yaml', steps: hello },
  { file: 'run_as_user_cache_disabled.yaml', steps: hello },
  { file: 'run_as_user_cache_enabled.yaml', steps: hello },
  {
    file: 'critical/container_component_with_no_inputs.yaml',
    steps: { 'hello-world-container': { log: 'hello world' } },
  },
  { file: 'essential/container_no_input.yaml', steps: { 'container-no-input': { log: 'hello world' } } },
  {
    file: 'sequential_v1.yaml',
    arguments: { param1: 'first', param2: 'second' },
    steps: { echo: { log: 'first' }, 'echo-2': { log: 'second' } },
  },
  {
    file: 'long-running.yaml',
    standIns: ['fast-clock'],
    note: '2 x sleep 300: the stand-in sleeps 0 s',
    steps: { 'wait-op': { log: 'done1' }, 'wait-op-2': { log: 'done1' } },
  },
  {
    file: 'pipeline_with_concat_placeholder.yaml',
    standIns: ['bash-as-sh'],
    note: "asserts one+two=three with [[ ]], which busybox's sh has and dash has not",
    steps: { 'component-with-concat-placeholder': {} },
  },
  {
    file: 'critical/two_step_pipeline_containerized.yaml',
    steps: {
      component1: { artifacts: { output_gcs: { text: 'Hello KFP Containerized!\n' } } },
      component2: { log: 'Hello KFP Containerized!' },
    },
  },
  {
    file: 'critical/pipeline_with_env.yaml',
    steps: { 'print-env': { log: ['val0', 'val2', 'val3'] }, 'print-env-op': { log: ['ENV1 val1', 'ENV2 None'] } },
  },
]

const parameterCases: readonly ConformanceCase[] = [
  {
    file: 'identity.yaml',
    arguments: { value: 'a "quoted" text\nof two lines' },
    outputs: { Output: 'a "quoted" text\nof two lines' },
  },
  { file: 'critical/add_numbers.yaml', arguments: { a: 5, b: 5 }, outputs: { Output: 10 } },
  { file: 'critical/pipeline_with_retry.yaml', steps: { add: { parameters: { Output: 8 } } } },
  { file: 'local_execution/pipeline_with_caching.yaml', arguments: { x: 1 }, outputs: { Output: 2 } },
  { file: 'local_execution/local_execution_pipeline_with_k8s_only_methods.yaml', outputs: { Output: 'hello' } },
  { file: 'essential/component_with_env_variable.yaml', outputs: { Output: 'env_var_value' } },
  {
    file: 'env-var.yaml',
    arguments: { env_var: 'KFP_TS_CONFORMANCE' },
    environment: { KFP_TS_CONFORMANCE: 'from the host' },
    note: 'the argument names a variable of the environment, which a local step inherits',
    outputs: { Output: 'from the host' },
  },
  {
    file: 'essential/pipeline_with_reused_component.yaml',
    steps: {
      'add-numbers': { parameters: { Output: 5 } },
      'add-numbers-2': { parameters: { Output: 10 } },
      'add-numbers-3': { parameters: { Output: 17 } },
    },
  },
  {
    file: 'essential/pipeline_with_params_containing_format.yaml',
    steps: {
      'print-op': { parameters: { Output: 'Hello KFP' } },
      'print-op-2': { parameters: { Output: 'Hello KFP, again.' } },
      'for-loop-2[0]/print-op2': { parameters: { Output: '1 and KFP.' } },
      'for-loop-2[1]/print-op2': { parameters: { Output: '2 and KFP.' } },
    },
  },
  {
    file: 'critical/component_with_optional_inputs.yaml',
    steps: {
      'component-op': {
        log: [
          "input1: Hello, type: <class 'str'>",
          "input2: World, type: <class 'str'>",
          "input3: None, type: <class 'NoneType'>",
        ],
      },
    },
  },
  { file: 'critical/missing_kubernetes_optional_inputs.yaml', steps: { 'log-message': { log: 'baseline task' } } },
  {
    file: 'critical/multiple_parameters_namedtuple.yaml',
    steps: {
      'mantle/core/core-comp': { parameters: { val1: 'foo', val2: 'bar' } },
      'crust-comp': { log: ['val1:  foo', 'val2:  bar'] },
    },
  },
  {
    file: 'critical/parameter_cache.yaml',
    steps: { 'mantle/core/core-comp': { parameters: { Output: 'foo' } }, 'crust-comp': { log: 'input : foo' } },
  },
  { file: 'critical/pipeline_with_submit_request.yaml', steps: { 'submit-request': {}, 'submit-request-2': {} } },
  {
    file: 'critical/pipeline_with_volume_long_name.yaml',
    note: 'createpvc is emulated by a folder',
    check: ({ output }) => (String(output('createpvc', 'name')).endsWith('-my-pvc') ? [] : ['createpvc gave no name']),
    steps: { createpvc: {}, 'dummy-task': { log: 'hello' } },
  },
  {
    file: 'critical/pipeline_with_workspace.yaml',
    outputs: { Output: 'Hello from workspace!' },
    oracleDeviates: 'the second step of kfp.local does not find the file in the workspace',
  },
  {
    file: 'pipeline_with_string_machine_fields_pipeline_input.yaml',
    note: 'resources are ignored here',
    steps: { 'sum-numbers': { parameters: { Output: 3 } } },
  },
  {
    file: 'pipeline_with_string_machine_fields_task_output.yaml',
    note: 'resources are ignored here',
    steps: {
      'accelerator-type': { parameters: { Output: 'NVIDIA_TESLA_P4' } },
      'sum-numbers': { parameters: { Output: 3 } },
    },
  },
  {
    file: 'take_nap_compiled.yaml',
    arguments: { naptime_secs: 1 },
    steps: {
      'take-nap': { parameters: { Output: "I'm awake now. Did I snore?" } },
      'wake-up': { log: "I'm awake now. Did I snore?" },
    },
  },
  {
    file: 'take_nap_pipeline_root_compiled.yaml',
    arguments: { naptime_secs: 1 },
    flags: ['--pipeline-root', 'SCRATCH/artifacts'],
    note: 'the root s3://change/me is overridden by a folder',
    steps: {
      'take-nap': { parameters: { Output: "I'm awake now. Did I snore?" } },
      'wake-up': { log: "I'm awake now. Did I snore?" },
    },
  },
  {
    file: 'log_streaming_compiled.yaml',
    standIns: ['fast-clock'],
    note: 'prints for 60 s: the stand-in makes the clock of time.time go 60 times as fast',
    steps: { 'print-message': {} },
  },
]

const nestedCases: readonly ConformanceCase[] = [
  {
    file: 'parallel_and_nested/pipeline_in_pipeline.yaml',
    steps: {
      'print-op1': { parameters: { Output: 'Hello' } },
      'inner-pipeline/print-op1': { parameters: { Output: 'world' } },
      'inner-pipeline/print-op2': { log: 'world' },
    },
  },
  {
    file: 'parallel_and_nested/pipeline_in_pipeline_loaded_from_yaml.yaml',
    steps: {
      'pipeline-in-pipeline/print-op1': { parameters: { Output: 'Hello' } },
      'pipeline-in-pipeline/inner-pipeline/print-op2': { artifacts: { data: { text: 'world\n' } } },
      'print-op1': { log: 'world' },
    },
  },
  {
    file: 'parallel_and_nested/nested_pipeline_opt_input_child_level_compiled.yaml',
    note: 'each step asserts its input',
    steps: Object.fromEntries(
      ['a-bool', 'a-int', 'a-str', 'b-bool', 'b-int', 'b-str'].map((name) => [`nested-pipeline/component-${name}`, {}]),
    ),
  },
  {
    file: 'parallel_and_nested/nested_pipeline_opt_inputs_nil_compiled.yaml',
    note: 'each step asserts that its input is None',
    steps: Object.fromEntries(['bool', 'int', 'str'].map((name) => [`nested-pipeline/component-${name}`, {}])),
  },
]

const python =
  "<class 'bool'> || input_dict: {'A': 1, 'B': 2}, type <class 'dict'> || input_list: ['a', 'b', 'c'], type <class 'list'>"
const preprocessed = {
  parameters: {
    output_parameter_path: 'hi',
    output_bool_parameter_path: true,
    output_dict_parameter_path: { A: 1, B: 2 },
    output_list_parameter_path: ['a', 'b', 'c'],
  },
  artifacts: { output_dataset_one: { text: 'hi' }, output_dataset_two_path: { text: 'hi' } },
}

const artifactCases: readonly ConformanceCase[] = [
  {
    file: 'preprocess.yaml',
    arguments: { message: 'hi', input_dict_parameter: { A: 1, B: 2 }, input_list_parameter: ['a', 'b', 'c'] },
    outputs: preprocessed.parameters,
    artifacts: { output_dataset_one: 'hi', output_dataset_two_path: 'hi' },
  },
  {
    file: 'essential/lightweight_python_functions_pipeline.yaml',
    arguments: { message: 'hi' },
    steps: {
      preprocess: preprocessed,
      train: {
        artifacts: {
          model: {
            text: Array.from(
              { length: 100 },
              (_, step) =>
                `Step ${step}\ndataset_one_contents: hi || dataset_two_contents: hi || message: hi || input_bool: True, type ${python} \n\n=====\n`,
            ).join(''),
            metadata: { accuracy: 0.9 },
          },
        },
      },
    },
  },
  {
    file: 'essential/pipeline_with_outputs.yaml',
    artifacts: { Output: 'world\n' },
    steps: { 'print-op1': { parameters: { Output: 'Hello' } } },
  },
  {
    file: 'essential/embedded_artifact.yaml',
    sdkVersion: '2.17.0',
    note: "each step asserts what it reads; run with kfp 2.17.0, as PyPI's 2.14.3, which the file installs, has no EmbeddedInput",
    steps: { 'read-embedded-artifact-dir': {}, 'read-embedded-artifact-file': {} },
  },
  { file: 'critical/artifact_crust.yaml', steps: { 'crust-comp': { log: 'input:  foo' } } },
  {
    file: 'critical/pipeline_with_artifact_custom_path.yaml',
    sdkVersion: '2.17.0',
    note: "run with kfp 2.17.0, as PyPI's 2.14.6, which the file installs, has no set_path",
    oracleDeviates: 'in kfp.local the second step fails on the artifact that lies at a custom path',
    steps: { 'validate-input-artifact': { parameters: { Output: true } } },
  },
  {
    file: 'critical/pythonic_artifacts_test_pipeline.yaml',
    steps: {
      'gen-data': { artifacts: { Output: { text: 'some data', metadata: { length: 9 } } } },
      'train-model': { artifacts: { Output: { text: 'model trained' } } },
    },
  },
  {
    file: 'pythonic_artifacts_with_multiple_returns.yaml',
    artifacts: { Output: 'Hello,' },
    steps: { 'splitter-pipeline/dataset-splitter': { artifacts: { dataset2: { text: ' world' } } } },
  },
  ...['if_else_with_oneof_artifacts.yaml', 'critical/if_else_with_oneof_artifacts.yaml'].map((file) => ({
    file,
    steps: {
      'flip-coin-pipeline/condition-branches-1/condition-2/param-to-artifact': { artifacts: { a: { text: 'heads' } } },
      'flip-coin-pipeline/print-artifact': { log: 'heads' },
      'print-artifact': { log: 'heads' },
    },
    oracleDeviates: 'kfp.local refuses a OneOf of artifacts',
  })),
  {
    file: 'pipeline_with_dynamic_importer_metadata.yaml',
    note: 'nothing reads the imported artifacts',
    steps: {
      importer: {
        artifacts: {
          artifact: {
            metadata: {
              name: ['default-name', 'alias-name'],
              containerSpec: { imageUri: 'us-docker.pkg.dev/vertex-ai/prediction/tf2-gpu.2-5:latest' },
            },
          },
        },
      },
      'importer-2': {
        artifacts: {
          artifact: {
            metadata: {
              name: 'prefix-a-different-name',
              'a-different-name': 'a-different-name',
              'default-name': 'us-docker.pkg.dev/vertex-ai/prediction/tf2-gpu.2-5:latest',
              'list-of-data': ['a-different-name', 'default-name', 1],
            },
          },
        },
      },
    },
  },
  {
    file: 'notebook_component_mixed.yaml',
    steps: {
      preprocess: { artifacts: { dataset: { text: 'Hello world' } } },
      'train-model': { artifacts: { model: { text: 'HELLO WORLD' } } },
      'evaluate-model': { artifacts: { metrics: { metadata: { score: 11 } } } },
    },
  },
  { file: 'critical/notebook_component_simple.yaml', steps: { 'run-train-notebook': {} } },
  ...['component_with_pip_install', 'component_with_pip_install_in_venv'].map((name) => ({
    file: `essential/${name}.yaml`,
    steps: { 'component-with-pip-install': { log: "'__version__'" } },
  })),
  { file: 'essential/component_with_pip_index_urls.yaml', steps: { 'component-op': { log: "'__version__'" } } },
]

const exitCases: readonly ConformanceCase[] = [
  { file: 'failing/fail_v2.yaml', state: 'FAILED', steps: { fail: { state: 'FAILED' } } },
  {
    file: 'failing/pipeline_with_exit_handler.yaml',
    state: 'FAILED',
    steps: {
      'exit-handler-1/fail-op': { state: 'FAILED', log: 'Task failed.' },
      'print-op': { log: 'Exit handler has worked!' },
    },
  },
  {
    file: 'pipeline_with_task_using_ignore_upstream_failure.yaml',
    state: 'FAILED',
    steps: { 'fail-op': { state: 'FAILED', log: 'message' }, 'print-op': { log: 'default' } },
    oracleDeviates: 'kfp.local looks for an output of the failed task instead of using the default',
  },
  {
    file: 'local_execution/local_execution_pipeline_with_ignore_upstream_failure.yaml',
    arguments: { marker_path: 'SCRATCH/marker' },
    state: 'FAILED',
    steps: { 'fail-always': { state: 'FAILED' }, 'write-marker': { parameters: { Output: 'cleanup_ran' } } },
  },
  {
    file: 'local_execution/local_execution_pipeline_with_exit_handler.yaml',
    note: "COMPLETE is the backend's word; kfp.local says SUCCEEDED",
    steps: {
      'exit-handler-1/echo': { parameters: { Output: 'hello' } },
      'record-exit': { parameters: { Output: 'exit:COMPLETE' } },
    },
  },
  {
    file: 'critical/pipeline_with_input_status_state.yaml',
    note: 'the exit task asserts state COMPLETE, so kfp.local fails it',
    steps: { 'exit-handler-1/some-task': { log: 'Executing some_task()' }, 'echo-state': {} },
    oracleDeviates: "its state is SUCCEEDED where the backend's, which the pipeline asserts, is COMPLETE",
  },
  {
    file: 'pipeline_with_task_final_status_yaml.yaml',
    steps: {
      'exit-handler-1/print-op': { log: 'Hello World!' },
      'exit-op': {
        log: [
          'user input: Hello World! pipeline status: {',
          '"state":"COMPLETE"',
          '"pipelineTaskName":"exit-handler-1"',
        ],
      },
    },
  },
]

export const cases: readonly ConformanceCase[] = [
  ...containerCases,
  ...parameterCases,
  ...nestedCases,
  ...artifactCases,
  ...exitCases,
  ...loopCases,
  ...chanceCases,
]
