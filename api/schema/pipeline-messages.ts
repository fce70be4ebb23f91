/** The messages of the pipeline's graph (kfp-ir.md chapter 1), field by field. `parse/read-message.ts` reads by this table. */
import { PARAMETER_TYPES } from '../pipeline-spec.ts'
import {
  bool,
  deprecated,
  double,
  duration,
  field,
  int32,
  int64,
  list,
  type MessageTable,
  map,
  message,
  oneOf,
  required,
  struct,
  text,
  value,
} from './field-types.ts'

const primitiveType = oneOf('PRIMITIVE_TYPE_UNSPECIFIED', 'INT', 'DOUBLE', 'STRING')
const parameterType = oneOf('PARAMETER_TYPE_ENUM_UNSPECIFIED', ...PARAMETER_TYPES)

const graphMessages: MessageTable = {
  PipelineSpec: {
    doc: 'A compiled pipeline.',
    fields: {
      pipelineInfo: required(message('PipelineInfo'), 'name of the pipeline'),
      deploymentSpec: field(message('PipelineDeploymentConfig'), 'how the leaf components run'),
      schemaVersion: required(text, 'always 2.1.0'),
      sdkVersion: field(text, 'which compiler wrote the file'),
      components: field(map(message('ComponentSpec')), 'components by the name that tasks refer to'),
      root: required(message('ComponentSpec'), 'the graph that runs'),
      defaultPipelineRoot: field(text, 'where artifacts go when the run names no root'),
    },
  },
  PipelineInfo: {
    doc: 'Name and description.',
    fields: {
      name: required(text, 'lower-case letters, digits and hyphens, at most 128'),
      displayName: field(text, 'name for people'),
      description: field(text, 'what the pipeline does'),
    },
  },
  ComponentSpec: {
    doc: 'A component: one step (executorLabel) or a graph (dag).',
    fields: {
      inputDefinitions: field(message('ComponentInputsSpec'), 'declared inputs'),
      outputDefinitions: field(message('ComponentOutputsSpec'), 'declared outputs'),
      executorLabel: field(text, 'key into deploymentSpec.executors'),
      dag: field(message('DagSpec'), 'tasks of a graph'),
      singlePlatformSpecs: field(list(struct), 'platform settings of the component; kfp never writes them'),
      taskConfigPassthroughs: field(list(message('TaskConfigPassthrough')), 'settings handed to the component'),
    },
    oneofs: [['executorLabel', 'dag']],
  },
  TaskConfigPassthrough: {
    doc: 'One setting that a TASK_CONFIG input receives.',
    fields: {
      field: field(
        oneOf(
          'NONE',
          'RESOURCES',
          'KUBERNETES_TOLERATIONS',
          'KUBERNETES_NODE_SELECTOR',
          'KUBERNETES_AFFINITY',
          'ENV',
          'KUBERNETES_VOLUMES',
        ),
        'which setting',
      ),
      applyToTask: field(bool, 'also apply it to the task itself'),
    },
  },
  ComponentInputsSpec: {
    doc: 'Declared inputs.',
    fields: {
      parameters: field(map(message('ParameterInputSpec')), 'values'),
      artifacts: field(map(message('ArtifactInputSpec')), 'files with metadata'),
    },
  },
  ComponentOutputsSpec: {
    doc: 'Declared outputs.',
    fields: {
      parameters: field(map(message('ParameterOutputSpec')), 'values'),
      artifacts: field(map(message('ArtifactOutputSpec')), 'files with metadata'),
    },
  },
  ParameterInputSpec: {
    doc: 'A declared input value.',
    fields: {
      parameterType: field(parameterType, 'type of the value'),
      type: deprecated(primitiveType, 'form of KFP 2.0, read as parameterType'),
      defaultValue: field(value, 'used when nothing is passed'),
      isOptional: field(bool, 'may be left out'),
      description: field(text, 'for people'),
      literals: field(list(value), 'the allowed values'),
    },
  },
  ParameterOutputSpec: {
    doc: 'A declared output value.',
    fields: {
      parameterType: field(parameterType, 'type of the value'),
      type: deprecated(primitiveType, 'form of KFP 2.0, read as parameterType'),
      description: field(text, 'for people'),
    },
  },
  ArtifactInputSpec: {
    doc: 'A declared input artifact.',
    fields: {
      artifactType: field(message('ArtifactTypeSchema'), 'kind of artifact'),
      isArtifactList: field(bool, 'a list of artifacts'),
      isOptional: field(bool, 'may be left out'),
      description: field(text, 'for people'),
    },
  },
  ArtifactOutputSpec: {
    doc: 'A declared output artifact.',
    fields: {
      artifactType: field(message('ArtifactTypeSchema'), 'kind of artifact'),
      isArtifactList: field(bool, 'a list of artifacts; of graphs only'),
      description: field(text, 'for people'),
      metadata: field(struct, 'metadata that the artifact starts with'),
      properties: deprecated(map(message('ValueOrRuntimeParameter')), 'replaced by metadata'),
      customProperties: deprecated(map(message('ValueOrRuntimeParameter')), 'replaced by metadata'),
    },
  },
  ArtifactTypeSchema: {
    doc: 'Type of an artifact.',
    fields: {
      schemaTitle: field(text, 'for example system.Dataset'),
      schemaUri: deprecated(text, 'where the schema lies'),
      instanceSchema: field(text, 'the schema itself'),
      schemaVersion: field(text, 'for example 0.0.1'),
    },
    oneofs: [['schemaTitle', 'schemaUri', 'instanceSchema']],
  },
  DagSpec: {
    doc: 'A graph of tasks.',
    fields: {
      tasks: field(map(message('PipelineTaskSpec')), 'tasks by key'),
      outputs: field(message('DagOutputsSpec'), 'which task gives which output of the graph'),
    },
  },
  DagOutputsSpec: {
    doc: 'Where the outputs of a graph come from.',
    fields: {
      parameters: field(map(message('DagOutputParameterSpec')), 'values'),
      artifacts: field(map(message('DagOutputArtifactSpec')), 'artifacts'),
    },
  },
  DagOutputParameterSpec: {
    doc: 'Source of an output value: one task, or the first of several that ran.',
    fields: {
      valueFromParameter: field(message('ParameterSelectorSpec'), 'one task'),
      valueFromOneof: field(message('ParameterSelectorsSpec'), 'the first of several that ran'),
    },
    oneofs: [['valueFromParameter', 'valueFromOneof']],
  },
  ParameterSelectorsSpec: {
    doc: 'Several sources in order.',
    fields: { parameterSelectors: field(list(message('ParameterSelectorSpec')), 'sources in order') },
  },
  ParameterSelectorSpec: {
    doc: 'An output value of a task of this graph.',
    fields: {
      producerSubtask: field(text, 'task key'),
      outputParameterKey: field(text, 'output of that task'),
    },
  },
  DagOutputArtifactSpec: {
    doc: 'Source of an output artifact; several selectors mean the first that ran.',
    fields: { artifactSelectors: field(list(message('ArtifactSelectorSpec')), 'sources in order') },
  },
  ArtifactSelectorSpec: {
    doc: 'An output artifact of a task of this graph.',
    fields: {
      producerSubtask: field(text, 'task key'),
      outputArtifactKey: field(text, 'output of that task'),
    },
  },
}

const taskMessages: MessageTable = {
  PipelineTaskSpec: {
    doc: 'One use of a component.',
    fields: {
      taskInfo: field(message('PipelineTaskInfo'), 'display name'),
      componentRef: required(message('ComponentRef'), 'which component'),
      inputs: field(message('TaskInputsSpec'), 'where the inputs come from'),
      dependentTasks: field(list(text), 'tasks of the same graph that come before'),
      cachingOptions: field(message('CachingOptions'), 'absent enableCache means off'),
      triggerPolicy: field(message('TriggerPolicy'), 'when the task runs'),
      parameterIterator: field(message('ParameterIteratorSpec'), 'run once for each value'),
      artifactIterator: field(message('ArtifactIteratorSpec'), 'run once for each artifact'),
      iteratorPolicy: field(message('IteratorPolicy'), 'how many iterations at once'),
      retryPolicy: field(message('RetryPolicy'), 'what happens after a failure'),
    },
    oneofs: [['parameterIterator', 'artifactIterator']],
  },
  PipelineTaskInfo: { doc: 'How a task is shown.', fields: { name: field(text, 'display name') } },
  ComponentRef: { doc: 'A component by name.', fields: { name: required(text, 'key into components') } },
  CachingOptions: {
    doc: 'Reuse of earlier results.',
    fields: {
      enableCache: field(bool, 'absent means off'),
      cacheKey: field(text, 'own key in place of the computed one'),
    },
  },
  TriggerPolicy: {
    doc: 'When a task runs.',
    fields: {
      condition: field(text, 'CEL over the inputs; the task is skipped when false'),
      strategy: field(
        oneOf('TRIGGER_STRATEGY_UNSPECIFIED', 'ALL_UPSTREAM_TASKS_SUCCEEDED', 'ALL_UPSTREAM_TASKS_COMPLETED'),
        'which ends of earlier tasks count',
      ),
    },
  },
  IteratorPolicy: {
    doc: 'Limits of a loop.',
    fields: { parallelismLimit: field(int32, 'iterations at once; 0 or absent is unlimited') },
  },
  RetryPolicy: {
    doc: 'Attempts after a failure.',
    fields: {
      maxRetryCount: field(int32, 'further attempts'),
      backoffDuration: field(duration, 'wait before the first further attempt'),
      backoffFactor: field(double, 'factor of each further wait'),
      backoffMaxDuration: field(duration, 'limit of the wait'),
    },
  },
  TaskInputsSpec: {
    doc: 'Where the inputs of a task come from.',
    fields: {
      parameters: field(map(message('TaskInputParameterSpec')), 'values'),
      artifacts: field(map(message('TaskInputArtifactSpec')), 'artifacts'),
    },
  },
  TaskInputParameterSpec: {
    doc: 'Source of a value.',
    fields: {
      taskOutputParameter: field(message('TaskOutputParameterSpec'), 'output of a task of the same graph'),
      runtimeValue: field(message('ValueOrRuntimeParameter'), 'a constant'),
      componentInputParameter: field(text, 'input of the enclosing component'),
      taskFinalStatus: field(message('TaskFinalStatus'), 'how a task ended'),
      parameterExpressionSelector: field(text, 'expression that picks a part of the value'),
    },
    oneofs: [['taskOutputParameter', 'runtimeValue', 'componentInputParameter', 'taskFinalStatus']],
  },
  TaskOutputParameterSpec: {
    doc: 'An output value of another task.',
    fields: {
      producerTask: field(text, 'task key'),
      outputParameterKey: field(text, 'output of that task'),
    },
  },
  TaskFinalStatus: { doc: 'How a task ended.', fields: { producerTask: field(text, 'task key') } },
  ValueOrRuntimeParameter: {
    doc: 'A constant or the name of an input.',
    fields: {
      constant: field(value, 'the value'),
      runtimeParameter: field(text, 'name of an input of the task'),
      constantValue: deprecated(message('PrimitiveValue'), 'form of KFP 2.0, read as constant'),
    },
    oneofs: [['constant', 'runtimeParameter', 'constantValue']],
  },
  PrimitiveValue: {
    doc: 'A constant of KFP 2.0.',
    fields: {
      intValue: field(int64, 'whole number'),
      doubleValue: field(double, 'number'),
      stringValue: field(text, 'text'),
    },
    oneofs: [['intValue', 'doubleValue', 'stringValue']],
  },
  TaskInputArtifactSpec: {
    doc: 'Source of an artifact.',
    fields: {
      taskOutputArtifact: field(message('TaskOutputArtifactSpec'), 'output of a task of the same graph'),
      componentInputArtifact: field(text, 'input of the enclosing component'),
    },
    oneofs: [['taskOutputArtifact', 'componentInputArtifact']],
  },
  TaskOutputArtifactSpec: {
    doc: 'An output artifact of another task.',
    fields: {
      producerTask: field(text, 'task key'),
      outputArtifactKey: field(text, 'output of that task'),
    },
  },
  ParameterIteratorSpec: {
    doc: 'A loop over values.',
    fields: {
      items: field(message('ParameterItemsSpec'), 'the values'),
      itemInput: field(text, 'input of the component that receives one value'),
    },
  },
  ParameterItemsSpec: {
    doc: 'Values of a loop.',
    fields: {
      raw: field(text, 'JSON text of a list'),
      inputParameter: field(text, "one of the task's own inputs"),
    },
    oneofs: [['raw', 'inputParameter']],
  },
  ArtifactIteratorSpec: {
    doc: 'A loop over artifacts.',
    fields: {
      items: field(message('ArtifactItemsSpec'), 'the artifacts'),
      itemInput: field(text, 'input of the component that receives one artifact'),
    },
  },
  ArtifactItemsSpec: {
    doc: 'Artifacts of a loop.',
    fields: { inputArtifact: field(text, "one of the task's own inputs") },
  },
}

export const PIPELINE_MESSAGES: MessageTable = { ...graphMessages, ...taskMessages }
