/** Waits written by hand: everything that makes no wait is found, with its place. */
import { expect, test } from 'vitest'
import { parsePipelineDocument } from '../parse.ts'

const WRONG = `
pipelineInfo: { name: bad }
schemaVersion: 2.1.0
sdkVersion: kfp-2.14.3
deploymentSpec:
  executors:
    exec-a: { container: { image: kfp-ts/wait, args: [htp] } }
    exec-b: { container: { image: kfp-ts/wait, args: [http] } }
    exec-c: { container: { image: kfp-ts/wait, args: [run] } }
components:
  comp-a: { executorLabel: exec-a }
  comp-b:
    executorLabel: exec-b
    inputDefinitions: { parameters: { url: { parameterType: STRING }, evry_seconds: { parameterType: NUMBER_DOUBLE }, status: { parameterType: BOOLEAN } } }
    outputDefinitions: { parameters: { status: { parameterType: STRING } }, artifacts: { x: { artifactType: { schemaTitle: system.Dataset, schemaVersion: 0.0.1 } } } }
  comp-c:
    executorLabel: exec-c
    inputDefinitions: { parameters: { pipeline: { parameterType: STRING }, state: { parameterType: LIST } } }
root:
  dag:
    tasks:
      a: { componentRef: { name: comp-a }, taskInfo: { name: a } }
      b:
        componentRef: { name: comp-b }
        taskInfo: { name: b }
        inputs: { parameters: { url: { runtimeValue: { constant: example.org } }, evry_seconds: { runtimeValue: { constant: 1 } }, status: { runtimeValue: { constant: true } } } }
      c:
        componentRef: { name: comp-c }
        taskInfo: { name: c }
        inputs: { parameters: { pipeline: { runtimeValue: { constant: p } }, state: { runtimeValue: { constant: [RUNNING] } } } }
`

test('kinds, inputs, outputs and values that make no wait are told all at once', () => {
  const { document, issues } = parsePipelineDocument(WRONG)
  expect(document).toBeUndefined()
  expect(issues.every(({ code, location }) => code === 'bad-wait' && location?.line !== undefined)).toBe(true)
  expect(issues.map(({ path, message, hint }) => `${path}: ${message} -> ${hint}`)).toMatchInlineSnapshot(`
    [
      "deploymentSpec.executors.exec-a.container.args: "htp" is nothing to wait for -> did you mean "http"?",
      "components.comp-b.inputDefinitions.parameters.evry_seconds: a wait for http takes no "evry_seconds" -> did you mean "every_seconds"?",
      "components.comp-b.inputDefinitions.parameters.status.parameterType: "status" of a wait for http is a LIST, not a BOOLEAN -> declare it as LIST",
      "components.comp-b.outputDefinitions.parameters.status.parameterType: "status" of a wait for http is a NUMBER_INTEGER, not a STRING -> declare it as NUMBER_INTEGER",
      "components.comp-b.outputDefinitions.artifacts.x: a wait for http has no artifacts to give -> remove it",
      "root.dag.tasks.b: the wait for http: "url" is "example.org"; give an http:// or https:// address -> docs/waiting.md lists what it takes",
      "root.dag.tasks.b: the wait for http: "status" holds 1, which is no HTTP status -> docs/waiting.md lists what it takes",
      "root.dag.tasks.c: the wait for run: "pipeline" and "logical_date" go together -> docs/waiting.md lists what it takes",
      "root.dag.tasks.c: the wait for run: "state" holds "RUNNING"; a run ends as SUCCEEDED, FAILED, CANCELED -> docs/waiting.md lists what it takes",
    ]
  `)
})

test('what is known only in the run is not judged', () => {
  const right = `
pipelineInfo: { name: right }
schemaVersion: 2.1.0
sdkVersion: kfp-2.14.3
deploymentSpec: { executors: { exec-a: { container: { image: kfp-ts/wait, args: [http] } } } }
components:
  comp-a:
    executorLabel: exec-a
    inputDefinitions: { parameters: { url: { parameterType: STRING }, status: { parameterType: NUMBER_INTEGER } } }
root:
  inputDefinitions: { parameters: { host: { parameterType: STRING } } }
  dag:
    tasks:
      a:
        componentRef: { name: comp-a }
        taskInfo: { name: a }
        inputs:
          parameters:
            host: { componentInputParameter: host }
            url: { runtimeValue: { constant: "{{$.inputs.parameters['host']}}/x" } }
            status: { runtimeValue: { constant: 204 } }
`
  expect(parsePipelineDocument(right).issues).toEqual([])
})
