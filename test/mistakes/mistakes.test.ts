/** Each mistake is found when the file is compiled, with its place in the author's file and what to do about it. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { InvalidInputError, Issue } from '../../api/issue.ts'
import { compile, loadPipelines, selectPipeline } from '../../compiler/index.ts'
import { PRELUDE, WIRING_MISTAKES } from './cases.ts'
import { STRUCTURE_MISTAKES } from './structure-cases.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kfp-ts-mistakes-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const pipelineOf = (body: string): string =>
  `${PRELUDE}export default definePipeline({ name: 'mistaken', inputs: { n: t.integer({ default: 1 }) } }, (inputs) => {\n${body}\n})\n`

async function issuesOf(source: string): Promise<{ readonly file: string; readonly issues: readonly Issue[] }> {
  const file = join(folder, `case-${Math.abs(hash(source))}.ts`)
  await writeFile(file, source)
  const { document, issues } = await compile(selectPipeline(await loadPipelines(file)))
  if (issues.some(({ severity }) => severity === 'error')) expect(document).toBeUndefined()
  return { file, issues }
}

const hash = (text: string): number =>
  [...text].reduce((sum, character) => (Math.imul(sum, 31) + character.charCodeAt(0)) | 0, 7)

describe('author mistakes', () => {
  for (const { what, code, says, remedy, body } of [...WIRING_MISTAKES, ...STRUCTURE_MISTAKES]) {
    test(what, async () => {
      const source = pipelineOf(body)
      const { file, issues } = await issuesOf(source)
      const issue = issues.find((candidate) => candidate.code === code)
      expect(issue, JSON.stringify(issues, null, 1)).toBeDefined()
      expect(issue!.message).toContain(says)
      expect(issue!.hint ?? '').toContain(remedy)
      expect(issue!.location?.file).toBe(file)
      const line = source.split('\n').findIndex((text) => text.endsWith('// <-')) + 1
      if (line > 0) expect(issue!.location?.line).toBe(line)
    })
  }

  test('all mistakes of a file are reported together, in the order of its lines', async () => {
    const { issues } = await issuesOf(
      pipelineOf(`make({ n: 'x' })\nuse({})\nIf(equals(inputs.n, 1), () => {})\nmake().setCpuLimit('x')`),
    )
    expect(issues.map(({ code }) => code)).toEqual(['wrong-type', 'missing-input', 'empty-block', 'wrong-resource'])
    const lines = issues.map(({ location }) => location?.line ?? 0)
    expect(lines).toEqual([...lines].sort((a, b) => a - b))
  })

  test('after a wrong output the mistakes below are found, and none that follows from it', async () => {
    const { issues } = await issuesOf(
      pipelineOf(`const isOne = equals(inputs.n, 1)
const { nn } = make().outputs
const wrong = make().output
make({ n: nn, word: wrong })
use({ data: nn })
fit({ options: { depth: nn }, list: collected(parallelFor([1], () => make()).outputs.nn) })
const [a, b] = If(greaterThan(wrong.field('x'), 3), () => make()).Else(() => make()).results
use({ data: oneOf(a.outputs.data, b.outputs.dat) })
parallelFor(make().outputs.all, (item) => use({ data: item }))
const inner = definePipeline({ name: 'inner' }, () => ({ model: make().outputs.model }))
use({ data: inner().outputs.model })
make({ n: 'bad' })
If(isOne, () => make())`),
    )
    const found = issues.map(({ code, message }) => (code === 'unknown-output' ? message.split(' ').at(-1) : code))
    expect(found).toEqual(['"nn"', 'no-single-output', '"nn"', '"dat"', '"all"', '"model"', 'wrong-type'])
  })

  test('a body that throws does not make its conditions unused', async () => {
    const { issues } = await issuesOf(
      pipelineOf('make()\nconst isOne = equals(inputs.n, 1)\nundefined.trim()\nIf(isOne, () => make())'),
    )
    expect(issues.map(({ code }) => code)).toEqual(['body-failed'])
  })

  test('one pipeline leaves nothing behind for the next', async () => {
    await issuesOf(pipelineOf('greaterThan(inputs.n, 1)'))
    const { issues } = await issuesOf(pipelineOf('make()'))
    expect(issues).toEqual([])
  })

  const outside: readonly (readonly [what: string, code: string, text: string])[] = [
    ['a task outside of a pipeline', 'outside-pipeline', 'make()'],
    ['a condition outside of a pipeline', 'outside-pipeline', 'equals(make, 1)'],
    ['a component without a name', 'missing-name', 'defineComponent({ run() {} })'],
    [
      'a decorator in the old way',
      'legacy-decorators',
      "import { component } from 'kfp-ts'\ncomponent({})({}, 'method')",
    ],
    ['a method without a decorator', 'not-decorated', 'asComponent(() => {})'],
  ]
  for (const [what, code, text] of outside) {
    test(what, async () => {
      const source = `${PRELUDE}${text} // <-\n`
      const thrown = await issuesOf(source).catch((error: unknown) => error)
      expect((thrown as InvalidInputError).code).toBe('invalid-input')
      const [issue] = (thrown as InvalidInputError).issues
      expect(issue?.code).toBe(code)
      expect(issue?.location?.line).toBe(source.split('\n').findIndex((line) => line.endsWith('// <-')) + 1)
    })
  }

  const definitions: readonly (readonly [what: string, code: string, says: string, text: string])[] = [
    [
      'a bad name',
      'bad-name',
      'small letters',
      "export default definePipeline({ name: 'My Pipeline' }, () => { make() })",
    ],
    [
      'an over-long name',
      'bad-name',
      'up to 128',
      `export default definePipeline({ name: '${'x'.repeat(129)}' }, () => { make() })`,
    ],
    [
      'a bad name of an input',
      'bad-name',
      'begin with a letter',
      "export default definePipeline({ name: 'p', inputs: { 'a b': t.string() } }, () => { make() })",
    ],
    ['no tasks', 'empty-pipeline', 'call a component', "export default definePipeline({ name: 'p' }, () => {})"],
    [
      'an asynchronous body',
      'wrong-result',
      'remove async',
      "export default definePipeline({ name: 'p' }, async () => { make() })",
    ],
    [
      'a wrong default',
      'wrong-type',
      'change the default',
      "export default definePipeline({ name: 'p', inputs: { n: t.integer({ default: 'x' }) } }, () => { make() })",
    ],
    [
      'a default that is no number',
      'wrong-type',
      'change the default',
      "export default definePipeline({ name: 'p', inputs: { n: t.number({ default: Number.NaN }) } }, () => { make() })",
    ],
    [
      'a wrong default of a component',
      'wrong-type',
      'change the default',
      "const late = defineContainerComponent({ name: 'late', inputs: { n: t.integer({ default: 0.5 }) }, image })\nexport default definePipeline({ name: 'p' }, () => { late(); late() })",
    ],
    [
      'a status as an input',
      'wrong-type',
      'only components get it',
      "export default definePipeline({ name: 'p', inputs: { s: t.finalStatus() } }, () => { make() })",
    ],
    [
      'a declared output that is not returned',
      'wrong-result',
      'what the body returns',
      "export default definePipeline({ name: 'p', outputs: { n: t.integer() } }, () => { make() })",
    ],
    [
      'an output of another type',
      'wrong-type',
      'change the declaration',
      "export default definePipeline({ name: 'p', outputs: { n: t.string() } }, () => ({ n: make().outputs.n }))",
    ],
    [
      'a reference where nothing else looks',
      'misplaced-reference',
      'settings that take parameters',
      "export default definePipeline({ name: 'p', inputs: { n: t.integer() } }, ({ n }) => ({ [`n-${n}`]: make().outputs.n }))",
    ],
    [
      'a component with a list of artifacts as output',
      'list-output',
      'collected',
      "const lists = defineContainerComponent({ name: 'lists', outputs: { all: t.list(t.model()) }, image })\nexport default definePipeline({ name: 'p' }, () => { lists() })",
    ],
  ]
  for (const [what, code, says, text] of definitions) {
    test(what, async () => {
      const { file, issues } = await issuesOf(`${PRELUDE}${text}\n`)
      const issue = issues.find((candidate) => candidate.code === code)
      expect(issue, JSON.stringify(issues)).toBeDefined()
      expect(issue!.hint).toContain(says)
      expect(issue!.location?.file).toBe(file)
      expect(issue!.location?.line).toBeGreaterThan(PRELUDE.split('\n').length - 1)
    })
  }
})
