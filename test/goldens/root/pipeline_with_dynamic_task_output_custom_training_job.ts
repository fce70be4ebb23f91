/** Golden pipeline pipeline_with_dynamic_task_output_custom_training_job.yaml in our DSL. */
import { defineContainerComponent, definePipeline, t } from 'kfp-ts'
import { python } from '../support.ts'

const acceleratorCountOp = python('accelerator_count', { outputs: { Output: t.integer() } })
const acceleratorTypeOp = python('accelerator_type', { outputs: { Output: t.string() } })
const machineTypeOp = python('machine_type', { outputs: { Output: t.string() } })
const customTrainingJobOp = defineContainerComponent({
  name: 'custom-training-job',
  inputs: {
    base_output_directory: t.string({
      default: '',
      description:
        'The Cloud Storage location to store the output of this CustomJob or HyperparameterTuningJob. See [more information ](https://cloud.google.com/vertex-ai/docs/reference/rest/v1/GcsDestination).',
    }),
    display_name: t.string({ description: 'The name of the CustomJob.' }),
    enable_web_access: t.boolean({
      default: false,
      description:
        'Whether you want Vertex AI to enable [interactive shell access ](https://cloud.google.com/vertex-ai/docs/training/monitor-debug-interactive-shell) to training containers. If `True`, you can access interactive shells at the URIs given by [CustomJob.web_access_uris][].',
    }),
    encryption_spec_key_name: t.string({
      default: '',
      description:
        'Customer-managed encryption key options for the CustomJob. If this is set, then all resources created by the CustomJob will be encrypted with the provided encryption key.',
    }),
    labels: t.struct({
      default: {},
      description:
        'The labels with user-defined metadata to organize the CustomJob. See [more information](https://goo.gl/xmQnxf).',
    }),
    location: t.string({
      default: 'us-central1',
      description: 'Location for creating the custom training job. If not set, default to us-central1.',
    }),
    network: t.string({
      default: '',
      description:
        'The full name of the Compute Engine network to which the job should be peered. For example, `projects/12345/global/networks/myVPC`. Format is of the form `projects/{project}/global/networks/{network}`. Where `{project}` is a project number, as in `12345`, and `{network}` is a network name. Private services access must already be configured for the network. If left unspecified, the job is not peered with any network.',
    }),
    project: t.string({
      default: '{{$.pipeline_google_cloud_project_id}}',
      description:
        'Project to create the custom training job in. Defaults to the project in which the PipelineJob is run.',
    }),
    reserved_ip_ranges: t.list(undefined, {
      default: [],
      description:
        'A list of names for the reserved IP ranges under the VPC network that can be used for this job. If set, we will deploy the job within the provided IP ranges. Otherwise, the job will be deployed to any IP ranges under the provided VPC network.',
    }),
    restart_job_on_worker_restart: t.boolean({
      default: false,
      description:
        'Restarts the entire CustomJob if a worker gets restarted. This feature can be used by distributed training jobs that are not resilient to workers leaving and joining a job.',
    }),
    service_account: t.string({
      default: '',
      description:
        "Sets the default service account for workload run-as account. The [service account ](https://cloud.google.com/vertex-ai/docs/pipelines/configure-project#service-account) running the pipeline submitting jobs must have act-as permission on this run-as account. If unspecified, the Vertex AI Custom Code [Service Agent ](https://cloud.google.com/vertex-ai/docs/general/access-control#service-agents) for the CustomJob's project.",
    }),
    tensorboard: t.string({
      default: '',
      description: 'The name of a Vertex AI TensorBoard resource to which this CustomJob will upload TensorBoard logs.',
    }),
    timeout: t.string({
      default: '604800s',
      description:
        'The maximum job running time. The default is 7 days. A duration in seconds with up to nine fractional digits, terminated by \'s\', for example: "3.5s".',
    }),
    worker_pool_specs: t.list(undefined, {
      default: [],
      description:
        'Serialized json spec of the worker pools including machine type and Docker image. All worker pools except the first one are optional and can be skipped by providing an empty value. See [more information](https://cloud.google.com/vertex-ai/docs/reference/rest/v1/CustomJobSpec#WorkerPoolSpec).',
    }),
  },
  outputs: {
    gcp_resources: t.string({
      description:
        'Serialized JSON of `gcp_resources` [proto](https://github.com/kubeflow/pipelines/tree/master/components/google-cloud/google_cloud_pipeline_components/proto) which tracks the CustomJob.',
    }),
  },
  image: 'gcr.io/ml-pipeline/google-cloud-pipeline-components:2.14.1',
  command: ['python3', '-u', '-m', 'google_cloud_pipeline_components.container.v1.custom_job.launcher'],
  args: [
    '--type',
    'CustomJob',
    '--payload',
    '{"display_name": "{{$.inputs.parameters[\'display_name\']}}", "job_spec": {"worker_pool_specs": {{$.inputs.parameters[\'worker_pool_specs\']}}, "scheduling": {"timeout": "{{$.inputs.parameters[\'timeout\']}}", "restart_job_on_worker_restart": {{$.inputs.parameters[\'restart_job_on_worker_restart\']}}}, "service_account": "{{$.inputs.parameters[\'service_account\']}}", "tensorboard": "{{$.inputs.parameters[\'tensorboard\']}}", "enable_web_access": {{$.inputs.parameters[\'enable_web_access\']}}, "network": "{{$.inputs.parameters[\'network\']}}", "reserved_ip_ranges": {{$.inputs.parameters[\'reserved_ip_ranges\']}}, "base_output_directory": {"output_uri_prefix": "{{$.inputs.parameters[\'base_output_directory\']}}"}}, "labels": {{$.inputs.parameters[\'labels\']}}, "encryption_spec": {"kms_key_name": "{{$.inputs.parameters[\'encryption_spec_key_name\']}}"}}',
    '--project',
    "{{$.inputs.parameters['project']}}",
    '--location',
    "{{$.inputs.parameters['location']}}",
    '--gcp_resources',
    "{{$.outputs.parameters['gcp_resources'].output_file}}",
  ],
})

export default definePipeline(
  {
    name: 'pipeline',
    inputs: { encryption_spec_key_name: t.string({ default: '' }), location: t.string(), project: t.string() },
  },
  (inputs) => {
    const acceleratorCount = acceleratorCountOp()
    const acceleratorType = acceleratorTypeOp()
    const machineType = machineTypeOp()
    customTrainingJobOp({
      display_name: 'add-numbers',
      encryption_spec_key_name: inputs.encryption_spec_key_name,
      location: inputs.location,
      project: inputs.project,
      worker_pool_specs: [
        {
          container_spec: {
            args: ['foo'],
            command: ['echo'],
            image_uri: 'gcr.io/ml-pipeline/google-cloud-pipeline-components:2.5.0',
          },
          machine_spec: {
            accelerator_count: `${acceleratorCount.outputs.Output}`,
            accelerator_type: `${acceleratorType.outputs.Output}`,
            machine_type: `${machineType.outputs.Output}`,
          },
          replica_count: 1,
        },
      ],
    })
  },
)
