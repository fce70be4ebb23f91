/** The messages of deploymentSpec: how leaf components run (kfp-ir.md 1.5 and 4.1). A stock backend ignores unknown keys here. */
import {
  bool,
  deprecated,
  double,
  field,
  int64,
  list,
  type MessageTable,
  map,
  message,
  struct,
  text,
} from './field-types.ts'

export const EXECUTOR_MESSAGES: MessageTable = {
  PipelineDeploymentConfig: {
    doc: 'How leaf components run.',
    fields: { executors: field(map(message('ExecutorSpec')), 'executors by label') },
    toleratesUnknownFields: true,
  },
  ExecutorSpec: {
    doc: 'How one leaf component runs.',
    fields: {
      container: field(message('PipelineContainerSpec'), 'a command in an image'),
      importer: field(message('ImporterSpec'), 'registers an artifact that exists'),
      resolver: field(struct, 'a query for artifacts; not part of open-source Kubeflow'),
      customJob: deprecated(struct, 'a job of a hosted service; not part of open-source Kubeflow'),
    },
    oneofs: [['container', 'importer', 'resolver', 'customJob']],
    toleratesUnknownFields: true,
  },
  PipelineContainerSpec: {
    doc: 'A command in an image.',
    fields: {
      image: field(text, 'container image'),
      command: field(list(text), 'entry point'),
      args: field(list(text), 'arguments; may hold placeholders'),
      env: field(list(message('EnvVar')), 'environment variables'),
      resources: field(message('ResourceSpec'), 'limits and requests'),
      lifecycle: field(message('Lifecycle'), 'hooks; kfp never writes them'),
    },
    toleratesUnknownFields: true,
  },
  Lifecycle: {
    doc: 'Hooks of a container.',
    fields: { preCacheCheck: field(message('ExecHook'), 'runs before the cache is asked') },
    toleratesUnknownFields: true,
  },
  ExecHook: {
    doc: 'A command.',
    fields: { command: field(list(text), 'entry point'), args: field(list(text), 'arguments') },
    toleratesUnknownFields: true,
  },
  EnvVar: {
    doc: 'An environment variable.',
    fields: { name: field(text, 'name'), value: field(text, 'value') },
    toleratesUnknownFields: true,
  },
  ResourceSpec: {
    doc: 'Limits and requests; the resource* texts win over the numbers.',
    fields: {
      cpuLimit: field(double, 'cores'),
      memoryLimit: field(double, 'gigabytes (10^9)'),
      cpuRequest: field(double, 'cores'),
      memoryRequest: field(double, 'gigabytes (10^9)'),
      resourceCpuLimit: field(text, 'Kubernetes quantity or placeholder'),
      resourceMemoryLimit: field(text, 'Kubernetes quantity or placeholder'),
      resourceCpuRequest: field(text, 'Kubernetes quantity or placeholder'),
      resourceMemoryRequest: field(text, 'Kubernetes quantity or placeholder'),
      accelerator: field(message('AcceleratorConfig'), 'GPU and the like'),
    },
    toleratesUnknownFields: true,
  },
  AcceleratorConfig: {
    doc: 'GPU and the like.',
    fields: {
      type: field(text, 'for example nvidia.com/gpu'),
      count: field(int64, 'how many'),
      resourceType: field(text, 'type as text or placeholder'),
      resourceCount: field(text, 'count as text or placeholder'),
    },
    toleratesUnknownFields: true,
  },
  ImporterSpec: {
    doc: 'Registers an artifact that exists.',
    fields: {
      artifactUri: field(message('ValueOrRuntimeParameter'), 'where it lies'),
      typeSchema: field(message('ArtifactTypeSchema'), 'type of the artifact'),
      metadata: field(struct, 'its metadata; may hold placeholders'),
      properties: deprecated(map(message('ValueOrRuntimeParameter')), 'replaced by metadata'),
      customProperties: deprecated(map(message('ValueOrRuntimeParameter')), 'replaced by metadata'),
      reimport: field(bool, 'register again even if known'),
      downloadToWorkspace: field(bool, 'copy it to the workspace'),
    },
    toleratesUnknownFields: true,
  },
}
