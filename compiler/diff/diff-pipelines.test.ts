/** What counts as a difference, and how it is shown. */
import { describe, expect, it } from 'vitest'
import { parsePipelineDocument } from '../../api/parse.ts'
import { diffPipelines } from './diff-pipelines.ts'
import { formatDifference } from './format-difference.ts'

const PIPELINE = `components:
  comp-a:
    executorLabel: exec-a
    inputDefinitions: {parameters: {x: {parameterType: STRING, isOptional: true}}}
    outputDefinitions: {parameters: {y: {parameterType: STRING}}}
deploymentSpec:
  executors:
    exec-a: {container: {image: 'python:3.11', command: [sh, -c, "one\\ntwo\\nthree"]}}
pipelineInfo: {name: demo}
root:
  dag:
    tasks:
      first: {componentRef: {name: comp-a}, taskInfo: {name: first}, cachingOptions: {enableCache: true}}
      second:
        componentRef: {name: comp-a}
        dependentTasks: [first]
        inputs: {parameters: {x: {taskOutputParameter: {producerTask: first, outputParameterKey: y}}}}
      loop:
        componentRef: {name: comp-a}
        parameterIterator: {itemInput: x, items: {raw: '["a", "b"]'}}
schemaVersion: 2.1.0
sdkVersion: kfp-2.15.2
`

function differences(change: (text: string) => string): string[] {
  const changed = change(PIPELINE)
  expect(changed).not.toBe(PIPELINE)
  const [before, after] = [PIPELINE, changed].map((text) => parsePipelineDocument(text).document)
  return diffPipelines(before!, after!).map(formatDifference)
}

describe('no difference', () => {
  const rows: readonly (readonly [story: string, change: (text: string) => string])[] = [
    ['names of components and executors', (text) => text.replaceAll('comp-a', 'comp-b').replaceAll('exec-a', 'e')],
    ['another SDK version', (text) => text.replace('2.15.2', '2.16.0')],
    ['a display name that is the key', (text) => text.replace('taskInfo: {name: first}, ', '')],
    ['a dependency that a wire implies', (text) => text.replace('        dependentTasks: [first]\n', '')],
    ['spaces in the items of a loop', (text) => text.replace('["a", "b"]', '["a","b"]')],
    [
      'flags that say the default',
      (text) => text.replace('y: {parameterType: STRING}', 'y: {parameterType: STRING, description: null}'),
    ],
    [
      'a component that nobody uses',
      (text) => text.replace('components:', 'components:\n  unused: {executorLabel: exec-a}'),
    ],
  ]
  it.each(rows)('%s', (_, change) => expect(differences(change)).toEqual([]))
})

describe('a difference', () => {
  const rows: readonly (readonly [story: string, change: (text: string) => string, line: string])[] = [
    [
      'an image, once for all tasks that use it',
      (text) => text.replace('python:3.11', 'python:3.12'),
      '~ root.first.component.container.image: "python:3.11" -> "python:3.12"',
    ],
    [
      'a line of code',
      (text) => text.replace('two', '2'),
      '~ root.first.component.container.command[2]: line 2: "two" -> "2"',
    ],
    ['caching', (text) => text.replace('enableCache: true', ''), '- root.first.cache: true'],
    [
      'a task',
      (text) => text.replace('      loop:', '      other: {componentRef: {name: comp-a}}\n      loop:'),
      '+ root.other: {"component":"comp-a"}',
    ],
    [
      'the items of a loop',
      (text) => text.replace('"b"]', '"c"]'),
      '~ root.loop.parameterIterator.items.raw[1]: "b" -> "c"',
    ],
    [
      'a retry',
      (text) => text.replace('dependentTasks: [first]', 'retryPolicy: {maxRetryCount: 2}'),
      '+ root.second.retryPolicy: {"maxRetryCount":2}',
    ],
    ['the name', (text) => text.replace('name: demo', 'name: other'), '~ pipelineInfo.name: "demo" -> "other"'],
  ]
  it.each(rows)('%s', (_, change, line) => expect(differences(change)).toEqual([line]))
})
