/** component.yaml in all its words, and its mistakes with their places. */
import { describe, expect, test } from 'vitest'
import type { InvalidInputError } from '../../api/issue.ts'
import { placeholderText } from '../placeholders.ts'
import { loadComponentFromText } from './component-text.ts'

const ALL_WORDS = `name: All Words
description: Uses everything.
inputs:
- {name: Data Set, type: Dataset, description: rows}
- {name: trees, type: Integer, default: '10'}
- {name: rate, type: Float, optional: true}
- {name: flags, type: 'List[str]', default: '["a"]'}
- {name: any thing}
outputs:
- {name: Model, type: Model}
- {name: score, type: Float}
implementation:
  container:
    image: busybox
    command: [sh, -c, 3]
    args:
    - {inputPath: Data Set}
    - {inputUri: Data Set}
    - {inputValue: trees}
    - concat: [--rate=, {inputValue: rate}]
    - if:
        cond: {isPresent: rate}
        then: [--rate, {inputValue: rate}]
        else: [--none]
    - {outputPath: Model}
    - {outputUri: Model}
    - {outputPath: score}
    - {executorInput: null}
    env: {LEVEL: 3}
`

describe('component.yaml', () => {
  test('all words', () => {
    const { model, inputs, outputs } = loadComponentFromText(ALL_WORDS)
    expect(model).toMatchObject({ name: 'All Words', description: 'Uses everything.' })
    expect(inputs).toMatchObject({
      data_set: { kind: 'artifact', schemaTitle: 'system.Dataset', need: 'required', description: 'rows' },
      trees: { parameterType: 'NUMBER_INTEGER', need: 'defaulted', defaultValue: 10 },
      rate: { parameterType: 'NUMBER_DOUBLE', need: 'optional' },
      flags: { parameterType: 'LIST', defaultValue: ['a'] },
      any_thing: { kind: 'artifact', schemaTitle: 'system.Artifact' },
    })
    expect(outputs).toMatchObject({ model: { schemaTitle: 'system.Model' }, score: { parameterType: 'NUMBER_DOUBLE' } })
    const { implementation } = model
    if (implementation.kind !== 'container') throw new Error('a container is wanted')
    expect(implementation.command).toEqual(['sh', '-c', '3'])
    expect(implementation.env).toEqual({ LEVEL: '3' })
    expect(implementation.args.map(placeholderText)).toEqual([
      "{{$.inputs.artifacts['data_set'].path}}",
      "{{$.inputs.artifacts['data_set'].uri}}",
      "{{$.inputs.parameters['trees']}}",
      `{"Concat": ["--rate=", "{{$.inputs.parameters['rate']}}"]}`,
      `{"IfPresent": {"InputName": "rate", "Then": ["--rate", "{{$.inputs.parameters['rate']}}"], "Else": ["--none"]}}`,
      "{{$.outputs.artifacts['model'].path}}",
      "{{$.outputs.artifacts['model'].uri}}",
      "{{$.outputs.parameters['score'].output_file}}",
      '{{$}}',
    ])
  })

  const container = (args: string): string =>
    `name: c\ninputs:\n- {name: n, type: Integer}\n- {name: d, type: Dataset}\nimplementation:\n  container:\n    image: busybox\n    args: [${args}]\n`
  const mistakes: readonly (readonly [what: string, text: string, code: string, line: number])[] = [
    ['an input that is not there', container('{inputValue: m}'), 'unknown-input', 8],
    ['an output that is not there', container('{outputPath: m}'), 'unknown-output', 8],
    ['the path of a parameter', container('{inputPath: n}'), 'wrong-type', 8],
    ['the value of an artifact', container('{inputValue: d}'), 'wrong-type', 8],
    ['an unknown placeholder', container('{inputFile: d}'), 'unknown-placeholder', 8],
    [
      'a wrong default',
      'inputs:\n- {name: n, type: Integer, default: many}\nimplementation: {container: {image: a}}',
      'wrong-type',
      2,
    ],
    [
      'two inputs of one name',
      'inputs:\n- {name: a b}\n- {name: A_b}\nimplementation: {container: {image: a}}',
      'duplicate-name',
      3,
    ],
    ['no image', 'implementation:\n  container: {command: [a]}', 'wrong-component', 2],
    ['no container', 'implementation:\n  graph: {}', 'wrong-component', 2],
    ['broken YAML', 'implementation:\n  container: {image: a', 'yaml-syntax', 3],
  ]
  for (const [what, text, code, line] of mistakes) {
    test(what, () => {
      const thrown = capture(() => loadComponentFromText(text, { file: 'c.yaml' }))
      const issue = thrown.issues.find((candidate) => candidate.code === code)
      expect(issue, JSON.stringify(thrown.issues)).toBeDefined()
      expect(issue!.location).toMatchObject({ file: 'c.yaml' })
      if (code !== 'yaml-syntax') expect(issue!.location!.line).toBe(line)
      expect(issue!.hint).toBeTruthy()
    })
  }

  test('what is neither format is refused with the problems of IR', () => {
    expect(capture(() => loadComponentFromText('hello: world')).issues.length).toBeGreaterThan(0)
  })
})

function capture(body: () => unknown): InvalidInputError {
  try {
    body()
  } catch (error) {
    return error as InvalidInputError
  }
  throw new Error('nothing was thrown')
}
