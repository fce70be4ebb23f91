/** Each kind of mistake in a pipeline file, with the message and the place that its author gets. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { formatIssue } from './issue.ts'
import { ISSUE_CODES } from './issue-codes.ts'
import { parsePipelineDocument } from './parse.ts'

const PIPELINE = `components:
  comp-train:
    executorLabel: exec-train
    inputDefinitions:
      parameters:
        epochs: {parameterType: NUMBER_INTEGER}
        name: {parameterType: STRING, isOptional: true}
    outputDefinitions:
      parameters: {accuracy: {parameterType: NUMBER_DOUBLE}}
      artifacts: {model: {artifactType: {schemaTitle: system.Model, schemaVersion: 0.0.1}}}
  comp-show:
    executorLabel: exec-show
    inputDefinitions:
      parameters: {text: {parameterType: STRING, isOptional: true}}
      artifacts: {model: {artifactType: {schemaTitle: system.Model, schemaVersion: 0.0.1}, isOptional: true}}
deploymentSpec:
  executors:
    exec-train: {container: {image: 'python:3.11', args: ["{{$.inputs.parameters['epochs']}}"]}}
    exec-show: {container: {image: 'python:3.11'}}
pipelineInfo: {name: demo}
root:
  dag:
    tasks:
      train:
        componentRef: {name: comp-train}
        inputs: {parameters: {epochs: {componentInputParameter: epochs}}}
      show:
        componentRef: {name: comp-show}
        dependentTasks: [train]
        inputs:
          parameters: {text: {taskOutputParameter: {producerTask: train, outputParameterKey: accuracy}}}
          artifacts: {model: {taskOutputArtifact: {producerTask: train, outputArtifactKey: model}}}
  inputDefinitions: {parameters: {epochs: {parameterType: NUMBER_INTEGER, defaultValue: 3.0, isOptional: true}}}
schemaVersion: 2.1.0
`

/** The pipeline with one piece of text replaced. */
function withChange(from: string, to: string): string {
  expect(PIPELINE).toContain(from)
  return PIPELINE.replace(from, to)
}

const messagesOf = (text: string | Uint8Array) => parsePipelineDocument(text, { file: 'p' }).issues.map(formatIssue)

/** What is replaced, by what, and the first line of each message. */
const MISTAKES: readonly (readonly [story: string, from: string, to: string, ...messages: string[]])[] = [
  [
    'a mistyped component',
    'name: comp-show}',
    'name: comp-shwo}',
    'p:28:24: error: there is no component "comp-shwo" [at root.dag.tasks.show.componentRef.name]',
  ],
  [
    'a mistyped executor',
    'executorLabel: exec-show',
    'executorLabel: exec-sho',
    'p:12:5: error: deploymentSpec has no executor "exec-sho" [at components.comp-show.executorLabel]',
  ],
  [
    'a mistyped producer',
    'producerTask: train, outputParameterKey',
    'producerTask: trian, outputParameterKey',
    'p:31:53: error: there is no task "trian" in the graph of root [at root.dag.tasks.show.inputs.parameters.text.taskOutputParameter.producerTask]',
  ],
  [
    'a mistyped output',
    'outputArtifactKey: model',
    'outputArtifactKey: modle',
    'p:32:73: error: component "comp-train" has no output artifact "modle" [at root.dag.tasks.show.inputs.artifacts.model.taskOutputArtifact.outputArtifactKey]',
  ],
  [
    'a mistyped dependency',
    '[train]',
    '[train, tarin]',
    'p:29:33: error: there is no task "tarin" in the graph of root [at root.dag.tasks.show.dependentTasks[1]]',
  ],
  [
    'a mistyped pipeline input',
    'componentInputParameter: epochs',
    'componentInputParameter: epoch',
    'p:26:40: error: the pipeline has no input parameter "epoch" [at root.dag.tasks.train.inputs.parameters.epochs.componentInputParameter]',
  ],
  [
    'a mistyped field',
    'componentRef: {name: comp-show}',
    'componentReff: {name: comp-show}',
    'p:27:7: error: the field "componentRef" is missing or empty [at root.dag.tasks.show]',
    'p:28:9: error: the field "componentReff" is not known here [at root.dag.tasks.show.componentReff]',
  ],
  [
    'an unknown field of an executor',
    "exec-show: {container: {image: 'python:3.11'}}",
    "exec-show: {container: {image: 'python:3.11', ports: 1}}",
    'p:19:51: warning: the field "ports" is not known, it is ignored [at deploymentSpec.executors.exec-show.container.ports]',
  ],
  [
    'a wrong type',
    'isOptional: true}}\n      artifacts',
    'isOptional: yes}}\n      artifacts',
    'p:14:50: error: expected true or false, found the text "yes" [at components.comp-show.inputDefinitions.parameters.text.isOptional]',
  ],
  [
    'a wrong word',
    'NUMBER_DOUBLE',
    'NUMBER_DUOBLE',
    'p:9:31: error: the text "NUMBER_DUOBLE" is not known here [at components.comp-train.outputDefinitions.parameters.accuracy.parameterType]',
  ],
  [
    'a wrong version',
    'schemaVersion: 2.1.0',
    'schemaVersion: 2.0.0',
    'p:34:1: error: schemaVersion is "2.0.0"; only 2.1.0 can be read [at schemaVersion]',
  ],
  [
    'a version as number',
    'schemaVersion: 2.1.0',
    'schemaVersion: 2.1',
    'p:1:1: error: the field "schemaVersion" is missing or empty',
    'p:34:1: error: expected text, found the number 2.1 [at schemaVersion]',
  ],
  [
    'a bad name',
    'name: demo',
    'name: Demo_1',
    'p:20:16: error: "Demo_1" cannot be the name of a pipeline [at pipelineInfo.name]',
  ],
  [
    'a bad task key',
    '      show:\n',
    '      a/b:\n',
    'p:27:7: error: "a/b" cannot be the key of a task [at root.dag.tasks["a/b"]]',
  ],
  [
    'a circle',
    'componentRef: {name: comp-train}',
    'componentRef: {name: comp-train}\n        dependentTasks: [show]',
    'p:24:7: error: tasks wait for each other: train -> show -> train [at root.dag.tasks.train]',
  ],
  [
    'a task that waits for itself',
    '[train]',
    '[train, show]',
    'p:27:7: error: the task "show" waits for itself [at root.dag.tasks.show]',
  ],
  [
    'a required input left out',
    'inputs: {parameters: {epochs: {componentInputParameter: epochs}}}',
    'inputs: {}',
    'p:26:9: error: the required input "epochs" of component "comp-train" is not wired [at root.dag.tasks.train.inputs.parameters.epochs]',
  ],
  [
    'an input without source',
    '{componentInputParameter: epochs}',
    '{}',
    'p:26:31: error: the input "epochs" has no source [at root.dag.tasks.train.inputs.parameters.epochs]',
  ],
  [
    'two sources',
    '{componentInputParameter: epochs}',
    '{componentInputParameter: epochs, runtimeValue: {constant: 1}}',
    'p:26:31: error: runtimeValue and componentInputParameter are both given, but exclude each other [at root.dag.tasks.train.inputs.parameters.epochs]',
  ],
  [
    'types that do not fit',
    '{componentInputParameter: epochs}',
    '{runtimeValue: {constant: three}}',
    'p:26:31: warning: "epochs" takes a NUMBER_INTEGER; the constant is the text "three" [at root.dag.tasks.train.inputs.parameters.epochs]',
  ],
  [
    'a loop over no list',
    'dependentTasks: [train]',
    "parameterIterator: {itemInput: text, items: {raw: '5'}}",
    'p:29:54: error: the items of the loop must be a list; they are the number 5 [at root.dag.tasks.show.parameterIterator.items.raw]',
  ],
  [
    'a loop over an unknown input',
    'dependentTasks: [train]',
    'parameterIterator: {itemInput: text, items: {inputParameter: tex}}',
    'p:29:54: error: the loop runs over the input "tex", which the task does not have [at root.dag.tasks.show.parameterIterator.items.inputParameter]',
  ],
  [
    'a condition on an unknown input',
    'dependentTasks: [train]',
    `triggerPolicy: {condition: "inputs.parameter_values['tex'] == 'a'"}`,
    'p:29:25: warning: the condition reads the input "tex", which the task does not have [at root.dag.tasks.show.triggerPolicy.condition]',
  ],
  [
    'a root without graph',
    '  dag:\n    tasks:\n',
    '  gone:\n    tasks:\n',
    'p:21:1: error: the root component has no dag [at root]',
    'p:22:3: error: the field "gone" is not known here [at root.gone]',
  ],
  [
    'a key twice',
    'pipelineInfo: {name: demo}',
    'pipelineInfo: {name: demo, name: other}',
    'p:20:28: error: the key "name" stands twice in this mapping [at pipelineInfo.name]',
  ],
  [
    'a key twice in two spellings',
    'componentRef: {name: comp-show}',
    'componentRef: {name: comp-show}\n        component_ref: {name: comp-show}',
    'p:29:9: error: "component_ref" gives the field componentRef a second time [at root.dag.tasks.show.component_ref]',
  ],
  [
    'a number that JSON cannot hold',
    'defaultValue: 3.0',
    'defaultValue: .inf',
    'p:33:75: error: the number Infinity is out of range [at root.inputDefinitions.parameters.epochs.defaultValue]',
  ],
  [
    'a default of another type',
    'defaultValue: 3.0',
    'defaultValue: three',
    'p:33:75: warning: the default of "epochs" is no NUMBER_INTEGER [at root.inputDefinitions.parameters.epochs.defaultValue]',
  ],
  [
    'a recursive component',
    '  comp-show:\n',
    '  comp-loop: {dag: {tasks: {again: {componentRef: {name: comp-loop}}}}}\n  comp-show:\n',
    'p:11:3: warning: the component contains itself: comp-loop -> comp-loop [at components.comp-loop]',
  ],
]

describe('mistakes', () => {
  it('the pipeline itself has none', () => expect(messagesOf(PIPELINE)).toEqual([]))

  it.each(MISTAKES)('%s', (_, from, to, ...expected) => {
    const firstLines = messagesOf(withChange(from, to)).map((message) => message.split('\n')[0])
    expect(firstLines).toEqual(expected)
  })

  it('all at once, in the order of the text, each with a known code', () => {
    const text = withChange('name: demo', 'name: Demo').replace('comp-show}', 'comp-x}').replace('[train]', '[nobody]')
    const { document, issues } = parsePipelineDocument(text)
    expect(document).toBeUndefined()
    expect(issues.map(({ code }) => code)).toEqual(['bad-name', 'unknown-component', 'unknown-task'])
    for (const { code } of issues) expect(Object.keys(ISSUE_CODES)).toContain(code)
  })

  it('in a component that nobody uses are warnings: a stock Kubeflow never looks there', () => {
    const text = withChange('  comp-show:\n', '  comp-unused: {executorLabel: nowhere}\n  comp-show:\n')
    const { document, issues } = parsePipelineDocument(text)
    expect(document).toBeDefined()
    expect(issues.map(({ severity, code }) => [severity, code])).toEqual([['warning', 'unknown-executor']])
  })

  it('offer the nearest name', () => {
    const { issues } = parsePipelineDocument(withChange('outputArtifactKey: model', 'outputArtifactKey: modle'))
    expect(issues[0]?.hint).toBe('did you mean "model"?')
  })

  it('tell an artifact from a parameter', () => {
    const { issues } = parsePipelineDocument(withChange('outputParameterKey: accuracy', 'outputParameterKey: model'))
    expect(issues[0]?.hint).toBe('it is an artifact: wire it under inputs.artifacts with taskOutputArtifact')
  })
})

describe('normal form', () => {
  const taskOf = (change: string) =>
    parsePipelineDocument(withChange('dependentTasks: [train]', change)).document?.spec.root.dag?.tasks['show']

  it.each(['3', '3.0', "'3'"])('takes the integer %s', (number) => {
    expect(taskOf(`retryPolicy: {maxRetryCount: ${number}}`)?.retryPolicy?.maxRetryCount).toBe(3)
  })

  it('takes snake_case fields and leaves free keys alone', () => {
    const task = taskOf('caching_options: {enable_cache: true}\n        retry_policy: {backoff_duration: 60s}')
    expect(task).toMatchObject({ cachingOptions: { enableCache: true }, retryPolicy: { backoffDuration: '60s' } })
    const free = withChange(
      'tasks:\n      train:',
      'tasks:\n      my_task: {component_ref: {name: comp-show}}\n      train:',
    )
    expect(Object.keys(parsePipelineDocument(free).document?.spec.root.dag?.tasks ?? {})).toContain('my_task')
  })

  it('replaces the deprecated type and constantValue', () => {
    const old = withChange('epochs: {parameterType: NUMBER_INTEGER}', 'epochs: {type: INT}').replace(
      '{componentInputParameter: epochs}',
      "{runtimeValue: {constantValue: {intValue: '7'}}}",
    )
    const spec = parsePipelineDocument(old).document?.spec
    expect(spec?.components?.['comp-train']?.inputDefinitions?.parameters?.['epochs']).toEqual({
      parameterType: 'NUMBER_INTEGER',
    })
    expect(spec?.root.dag?.tasks['train']?.inputs?.parameters?.['epochs']).toEqual({ runtimeValue: { constant: 7 } })
  })

  it('fills the parameter form of secret names', () => {
    const platform =
      'platforms: {kubernetes: {deploymentSpec: {executors: {exec-show: {secretAsVolume: [{secretName: s, mountPath: /s}]}}}}}'
    const { document, issues } = parsePipelineDocument(`${PIPELINE}---\n${platform}\n`)
    expect(issues).toEqual([])
    expect(document?.platform?.platforms.kubernetes?.deploymentSpec?.executors?.['exec-show']?.secretAsVolume).toEqual([
      { secretName: 's', secretNameParameter: { runtimeValue: { constant: 's' } }, mountPath: '/s' },
    ])
  })

  it('finds no name that is not there', () => {
    const { document } = parsePipelineDocument(PIPELINE)
    expect(document?.spec.components?.['constructor']).toBeUndefined()
    expect(document?.spec.root.dag?.tasks['toString']).toBeUndefined()
  })
})

describe('documents', () => {
  const foreign: readonly (readonly [string, string, string])[] = [
    ['nothing but comments', '# hello\n', 'p:1:1: error: the file is empty'],
    ['plain text', 'hello\n', 'p:1:1: error: a pipeline is a mapping; this document is the text "hello"'],
    [
      'a workflow of KFP 1',
      'apiVersion: argoproj.io/v1alpha1\nkind: Workflow\n',
      'p:1:1: error: the file holds an Argo workflow, as the KFP SDK 1 wrote it, not a pipeline [at kind]',
    ],
    [
      'a component',
      'name: train\nimplementation: {}\n',
      'p:1:1: error: the file is a component, not a pipeline [at implementation]',
    ],
    ['two pipelines', `${PIPELINE}---\n${PIPELINE}`, 'p:36:1: error: the file holds a second pipeline'],
    ['a platform alone', 'platforms: {}\n', 'p:1:1: error: the file holds platform configuration but no pipeline'],
  ]
  it.each(foreign)('%s', (_, text, expected) => {
    expect(messagesOf(text).map((message) => message.split('\n')[0])).toEqual([expected])
  })

  it('takes the platform document first, empty documents, a byte order mark, Windows line ends', () => {
    const text = `\ufeffplatforms: {kubernetes: {pipelineConfig: {workspace: {size: 1Gi}}}}\n---\n${PIPELINE}---\n`
    const { document, issues } = parsePipelineDocument(text.replaceAll('\n', '\r\n'))
    expect(issues).toEqual([])
    expect(document?.platform?.platforms.kubernetes?.pipelineConfig?.workspace?.size).toBe('1Gi')
  })

  it('takes what the KFP API answers', () => {
    const spec = parsePipelineDocument(PIPELINE).document?.spec
    const answer = { pipeline_spec: spec, platform_spec: { platforms: {} } }
    expect(JSON.stringify(parsePipelineDocument(JSON.stringify(answer)).document?.spec)).toBe(JSON.stringify(spec))
  })
})

it('the reference page names every code', () => {
  const page = readFileSync(new URL('../docs/reference/validation.md', import.meta.url), 'utf8')
  for (const code of Object.keys(ISSUE_CODES)) expect(page).toContain(`| \`${code}\` |`)
})
