/** Wires of Kubernetes settings: those that lead nowhere are found before a run fails of them. */
import { expect, test } from 'vitest'
import { formatIssue } from '../issue.ts'
import { parsePipelineDocument } from '../parse.ts'

const PIPELINE = `components:
  comp-make: {executorLabel: exec-make, outputDefinitions: {parameters: {name: {parameterType: STRING}}}}
  comp-step: {executorLabel: exec-step, inputDefinitions: {parameters: {own: {parameterType: STRING}}}}
  comp-spare: {dag: {tasks: {lone: {componentRef: {name: comp-lone}}}}}
  comp-lone: {executorLabel: exec-lone}
  comp-wait:
    executorLabel: exec-wait
    inputDefinitions: {parameters: {after_seconds: {parameterType: NUMBER_DOUBLE}}}
  comp-loop:
    dag:
      tasks:
        step:
          componentRef: {name: comp-step}
          inputs: {parameters: {own: {componentInputParameter: pipelinechannel--secret}}}
    inputDefinitions:
      parameters:
        pipelinechannel--secret: {parameterType: STRING}
        pipelinechannel--make-name: {parameterType: STRING}
        pipelinechannel--loop-item-param-1: {parameterType: STRUCT}
deploymentSpec:
  executors:
    exec-make: {container: {image: a}}
    exec-step: {container: {image: a}}
    exec-lone: {container: {image: a}}
    exec-wait: {container: {image: kfp-ts/wait, args: [time]}}
pipelineInfo: {name: demo}
root:
  dag:
    tasks:
      make: {componentRef: {name: comp-make}}
      wait:
        componentRef: {name: comp-wait}
        inputs: {parameters: {after_seconds: {runtimeValue: {constant: 1.0}}}}
      loop:
        componentRef: {name: comp-loop}
        inputs:
          parameters:
            pipelinechannel--secret: {componentInputParameter: secret}
            pipelinechannel--make-name: {taskOutputParameter: {producerTask: make, outputParameterKey: name}}
        parameterIterator: {itemInput: pipelinechannel--loop-item-param-1, items: {raw: '[{"n": 1}]'}}
  inputDefinitions: {parameters: {secret: {parameterType: STRING}}}
schemaVersion: 2.1.0
---
platforms:
  kubernetes:
    deploymentSpec:
      executors:
`
const issuesOf = (label: string, setting: string) =>
  parsePipelineDocument(`${PIPELINE}        ${label}:\n          ${setting}\n`, { file: 'p' })
    .issues.filter(({ code }) => code !== 'unknown-component')
    .map(formatIssue)
const secret = (wire: string) => `secretAsEnv: [{secretNameParameter: {${wire}}, keyToEnv: []}]`
const input = (name: string) => `componentInputParameter: ${name}`
const output = (task: string, key: string) => `taskOutputParameter: {producerTask: ${task}, outputParameterKey: ${key}}`

test.each([
  ['an input of the group', 'exec-step', secret(input('pipelinechannel--secret'))],
  ['the name outside of the group', 'exec-step', secret(input('secret'))],
  ["a field of the loop's item", 'exec-step', secret(input('loop-item-param-1-subvar-n'))],
  ['an output from outside of the group', 'exec-step', secret(output('make', 'name'))],
  ['a constant', 'exec-step', secret('runtimeValue: {constant: x}')],
  ['a label that is called so', 'exec-step', 'podMetadata: {labels: {componentInputParameter: x}}'],
  ['an executor without a pod', 'exec-wait', secret(input('nothing'))],
])('%s is fine', (_, label, setting) => expect(issuesOf(label, setting)).toEqual([]))

const AT = 'platforms.kubernetes.deploymentSpec.executors.exec-step'
const around = 'component "comp-loop" around task "step" does not have'

test.each([
  [
    'an input',
    secret(input('sekret')),
    `p:49:48: error: the setting reads the input "sekret", which ${around} [at ${AT}.secretAsEnv[0].secretNameParameter.componentInputParameter]\n  did you mean "secret"?`,
  ],
  [
    'an input of the task itself',
    secret(input('own')),
    `p:49:48: error: the setting reads the input "own", which ${around} [at ${AT}.secretAsEnv[0].secretNameParameter.componentInputParameter]\n  "own" is an input of the task itself: wire the setting as inputs.parameters of the task wires it`,
  ],
  [
    'an output of no task',
    `tolerations: [{tolerationJson: {${output('take', 'name')}}}]`,
    `p:49:65: error: the setting reads an output of task "take", which ${around} [at ${AT}.tolerations[0].tolerationJson.taskOutputParameter.producerTask]\n  its tasks: step`,
  ],
  [
    'JSON of selectors',
    `nodeSelector: {nodeSelectorJson: {${input('pool')}}}`,
    `p:49:45: error: the setting reads the input "pool", which ${around} [at ${AT}.nodeSelector.nodeSelectorJson.componentInputParameter]\n  its inputs: secret, make-name, loop-item-param-1`,
  ],
  [
    'a claim as older compilers wrote it',
    `pvcMount: [{mountPath: /d, ${input('claim')}}]`,
    `p:49:38: error: the setting reads the input "claim", which ${around} [at ${AT}.pvcMount[0].componentInputParameter]\n  its inputs: secret, make-name, loop-item-param-1`,
  ],
])('%s that is not there is an error', (_, setting, issue) => expect(issuesOf('exec-step', setting)).toEqual([issue]))

test('an output that its task does not have leaves the setting out, and what nobody uses fails no run: warnings', () => {
  expect(issuesOf('exec-step', secret(output('step', 'nane')))).toEqual([
    `p:49:90: warning: task "step" has no output parameter "nane": the setting is left out [at ${AT}.secretAsEnv[0].secretNameParameter.taskOutputParameter.outputParameterKey]\n  it has no outputs: give a constant`,
  ])
  expect(issuesOf('exec-lone', secret(input('x')))[0]).toMatch(
    /warning: the setting reads the input "x", which component "comp-spare" around task "lone" does not have .*\n {2}it has no inputs: declare one, or give a constant$/,
  )
})
