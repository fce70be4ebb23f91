/** Every compiled pipeline of the corpus runs in the engine against a made-up executor. (test/python runs them for real.) */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { JsonValue } from '../api/json.ts'
import { parsePipelineDocument } from '../api/parse.ts'
import type { PipelineDocument } from '../api/platform-spec.ts'
import { type AttemptAction, type Simulation, simulate, succeed } from './testing/simulate.ts'

const CORPUS = join(import.meta.dirname, '../test/conformance/corpus/valid')
const FILES = readdirSync(CORPUS, { recursive: true })
  .map(String)
  .filter((file) => file.endsWith('.yaml'))
  .sort()

const ARGUMENTS: Readonly<Record<string, JsonValue>> = {
  STRING: 'text',
  NUMBER_INTEGER: 3,
  NUMBER_DOUBLE: 1.5,
  BOOLEAN: true,
  LIST: ['a', 'b'],
  STRUCT: { a: 'b' },
}

/** Tasks that return lists of objects. */
const DICT_MAKERS = /list-dict-maker|args-generator/

function behave(action: AttemptAction) {
  if (action.kind !== 'start-attempt' || !DICT_MAKERS.test(action.task)) return succeed(action)
  const items = [
    { a: 1, b: 2, A_a: '1', B_b: '2' },
    { a: 10, b: 20, A_a: '10', B_b: '20' },
  ]
  return { result: { outcome: 'succeeded' as const, outputs: { parameters: { Output: items }, artifacts: {} } } }
}

function load(file: string): PipelineDocument {
  const { document, issues } = parsePipelineDocument(readFileSync(join(CORPUS, file)), { file })
  if (!document) throw new Error(issues.map(({ message }) => message).join('\n'))
  return document
}

function requiredArguments({ spec }: PipelineDocument): Record<string, JsonValue> {
  const { parameters = {}, artifacts = {} } = spec.root.inputDefinitions ?? {}
  const needed = Object.entries(parameters).filter(([, one]) => !one.isOptional && one.defaultValue === undefined)
  const values = needed.map(([name, one]) => [name, ARGUMENTS[one.parameterType!]!] as const)
  const uris = Object.keys(artifacts).map((name) => [name, `s3://bucket/${name}`] as const)
  return Object.fromEntries([...values, ...uris])
}

/** Placeholders of ours that survived. */
function leftovers({ actions }: Simulation): string[] {
  const launches = actions.flatMap((action) => (action.kind === 'start-attempt' ? [action.launch] : []))
  const texts = launches.map(({ args, env, image, resources, kubernetes, executorInput }) =>
    JSON.stringify({ args, env, image, resources, kubernetes, executorInput }),
  )
  return texts.flatMap((text) => text.match(/\{\{\$[^}]*\}\}/g) ?? [])
}

describe('compiled pipelines of Kubeflow', () => {
  test.each(FILES)('%s', (file) => {
    const document = load(file)
    const run = simulate(document, { behave, arguments: requiredArguments(document) })
    expect(run.report.error).toBeUndefined()
    expect(run.report.state).toBe('SUCCEEDED')
    expect(leftovers(run)).toEqual([])
  })
})

/** Outputs by task key: what the real components would have returned. */
function answering(answers: Readonly<Record<string, (inputs: Record<string, JsonValue>) => JsonValue>>) {
  const seen: Record<string, JsonValue[]> = {}
  const behaveAs = (action: AttemptAction) => {
    if (action.kind !== 'start-attempt') return succeed(action)
    const inputs = { ...action.launch.executorInput.inputs.parameterValues } as Record<string, JsonValue>
    const key = action.launch.taskKey
    seen[key] = [...(seen[key] ?? []), inputs]
    const parameters = answers[key] ? { Output: answers[key](inputs) } : {}
    const made = succeed(action).result
    if (made.outcome !== 'succeeded') throw new Error('unreachable')
    return {
      result: { ...made, outputs: { ...made.outputs, parameters: { ...made.outputs.parameters, ...parameters } } },
    }
  }
  return { behave: behaveAs, seen }
}

const integer = (value: JsonValue | undefined): number => Number(value)

describe('what flows', () => {
  test('nested loops collect lists of lists', () => {
    const { behave: answers, seen } = answering({
      double: ({ num }) => 2 * integer(num),
      'double-2': ({ num }) => 2 * integer(num),
      'nested-add': () => 1,
      'simple-add': () => 1,
    })
    simulate(load('parameters_complex.yaml'), { behave: answers })
    const lists = Object.values(seen['nested-add']![0] as Record<string, JsonValue>)
    expect(lists.every((list) => Array.isArray(list) && list.every((inner: JsonValue) => Array.isArray(inner)))).toBe(
      true,
    )
  })
})
