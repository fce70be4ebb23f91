/** Components run their own code wherever authors make them: in variables, objects, lists, classes, functions, other files. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Issue } from '../../api/issue.ts'
import { runPipeline } from '../../local/testing/index.ts'
import { compile, loadPipelines, selectPipeline } from '../index.ts'

let folder: string
let count = 0
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kfp-ts-origins-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const IMPORTS = "import { asComponent, component, defineComponent, definePipeline, t } from 'kfp-ts'\n"
const y = 'outputs: { y: t.integer() }'

interface Files {
  readonly main: string
  readonly others?: Readonly<Record<string, string>>
}

async function load({ main, others = {} }: Files) {
  const home = join(folder, String(count++))
  for (const [name, text] of Object.entries({ ...others, 'pipeline.ts': IMPORTS + main })) {
    await mkdir(dirname(join(home, name)), { recursive: true })
    await writeFile(join(home, name), text)
  }
  return selectPipeline(await loadPipelines(join(home, 'pipeline.ts')))
}

/** A pipeline whose outputs are those of the calls. */
function pipelineOf(calls: readonly string[]): string {
  const outputs = calls.map((call, index) => `v${index}: ${call}.outputs.y`)
  return `export const p = definePipeline({ name: 'p' }, () => ({ ${outputs.join(', ')} }))\n`
}

async function valuesOf(files: Files, calls: readonly string[]): Promise<unknown[]> {
  const run = await runPipeline(await load({ ...files, main: files.main + pipelineOf(calls) }))
  expect(run.error).toBeUndefined()
  return calls.map((_, index) => run.outputs[`v${index}`])
}

async function issuesOf(main: string): Promise<readonly Issue[]> {
  return (await compile(await load({ main }))).issues
}

const FACTORY = `(f: number) => defineComponent({ name: 'scale', ${y}, run: () => ({ y: f }) })\n`

describe('a component is found again in its step', () => {
  const cases: readonly (readonly [
    what: string,
    files: Files,
    calls: readonly string[],
    values: readonly unknown[],
  ])[] = [
    [
      'made by a function that gives all of them one name',
      { main: `const scaled = ${FACTORY}const two = scaled(2)\nconst three = scaled(3)\n` },
      ['two()', 'three()'],
      [2, 3],
    ],
    [
      'made by a function of another file',
      {
        main: "import { scaled } from './scaled.ts'\nconst two = scaled(2)\nconst three = scaled(3)\n",
        others: { 'scaled.ts': `import { defineComponent, t } from 'kfp-ts'\nexport const scaled = ${FACTORY}` },
      },
      ['two()', 'three()'],
      [2, 3],
    ],
    [
      'made in one statement under names of their own',
      {
        main: `const all = [1, 2].map((f) => defineComponent({ name: 'scale' + f, ${y}, run: () => ({ y: f }) }))\n`,
      },
      ['all[0]!()', 'all[1]!()'],
      [1, 2],
    ],
    [
      'made late',
      { main: `const late = await (async () => { await null; return (${FACTORY.trim()})(4) })()\n` },
      ['late()'],
      [4],
    ],
    [
      'in an object and a list',
      {
        main: `const parts = { one: defineComponent({ name: 'one', ${y}, run: () => ({ y: 1 }) }) }
const list = [defineComponent({ name: 'two', ${y}, run: () => ({ y: 2 }) })]\n`,
      },
      ['parts.one()', 'list[0]!()'],
      [1, 2],
    ],
    [
      'named by functions, whose names are minified',
      {
        main: `async function three() { return { y: 3 } }\nasync function four() { return { y: 4 } }
function make() { return defineComponent({ ${y}, run: three }) }
const c = make()\nconst both = { three, four: defineComponent({ ${y}, run: four }) }\n`,
      },
      ['c()', 'both.four()'],
      [3, 4],
    ],
    [
      'a default export',
      {
        main: "import five from './five.ts'\n",
        others: {
          'five.ts': `import { defineComponent, t } from 'kfp-ts'
export default defineComponent({ name: 'five', ${y}, run: () => ({ y: 5 }) })\n`,
        },
      },
      ['five()'],
      [5],
    ],
    [
      'by the whole of kfp-ts under a name',
      {
        main: `import * as kfp from 'kfp-ts'
export const six = kfp.defineComponent({ name: 'six', ${y}, run: () => ({ y: 6 }) })\n`,
      },
      ['six()'],
      [6],
    ],
    [
      'by a wrapper in a file that says nothing of kfp-ts',
      {
        main: "import { seven } from './seven.ts'\n",
        others: {
          'own.ts': `import { defineComponent, t } from 'kfp-ts'
export const define = (name: string, value: number) => defineComponent({ name, ${y}, run: () => ({ y: value }) })\n`,
          'seven.ts': "import { define } from './own.ts'\nexport const seven = define('seven', 7)\n",
        },
      },
      ['seven()'],
      [7],
    ],
    [
      'methods of one name in two classes',
      {
        main: `import { B } from './b.ts'
class A { @component({ ${y} }) static train() { return { y: 1 } } }
class C { @component({ ${y} }) train() { return { y: 3 } } }
@component({ name: 'train', ${y} }) class D { run() { return { y: 4 } } }\n`,
        others: {
          'b.ts': `import { component, t } from 'kfp-ts'
export class B { @component({ ${y} }) static train() { return { y: 2 } } }\n`,
        },
      },
      ['A.train', 'B.train', 'C.prototype.train', 'D as any'].map((method) => `asComponent(${method})({})`),
      [1, 2, 3, 4],
    ],
    [
      'in static fields and blocks of classes',
      {
        main: `let block: any
class Held {
  static field = defineComponent({ name: 'field', ${y}, run: () => ({ y: 1 }) })
  static { block = defineComponent({ name: 'block', ${y}, run: () => ({ y: 2 }) }) }
}\n`,
      },
      ['Held.field()', 'block()'],
      [1, 2],
    ],
  ]
  for (const [what, files, calls, values] of cases) {
    test(what, async () => {
      expect(await valuesOf(files, calls)).toEqual(values)
    })
  }
})

test('a file beside the source is looked for only when the file is loaded, by what needs it', async () => {
  const main = `import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
const here = dirname(fileURLToPath(import.meta.url))
const read = (path: string) => JSON.parse(readFileSync(path, 'utf8'))
const { n } = { n: 1 }
const config = read(join(here, 'conf.json'))
const urls = [new URL('./conf.json', import.meta.url)]
const c = defineComponent({ name: 'c', inputs: { n: t.integer() }, ${y}, run: ({ n }) => ({ y: n }) })
const made = [defineComponent({ name: 'made', ${y}, run: () => ({ y: n }) })]\n`
  const others = { 'conf.json': '{"n":3}' }
  expect(await valuesOf({ main, others }, ['c({ n: config.n + urls.length })', 'made[0]!()'])).toEqual([4, 1])
})

describe('what a step could not find is a mistake when it is compiled', () => {
  test('components of one name that one statement makes', async () => {
    const issues = await issuesOf(
      `const scaled = ${FACTORY}\nconst [two, three] = [2, 3].map(scaled)\n${pipelineOf(['two!()', 'three!()'])}`,
    )
    expect(issues).toHaveLength(1)
    expect(issues[0]).toMatchObject({ code: 'several-components', location: { line: 4, column: 29 } })
    expect(issues[0]!.message).toContain('2 components called "scale"')
    expect(issues[0]!.hint).toContain('const scale = …')
  })

  test('a file that cannot be loaded without the rest of kfp-ts', async () => {
    const issues = await issuesOf(
      `const parts = { c: defineComponent({ name: 'c', ${y}, run: () => ({ y: 1 }) }) }
if (parts.c.model.name !== 'c') throw new Error('no model')
${pipelineOf(['parts.c()'])}`,
    )
    expect(issues).toMatchObject([{ code: 'bundle-failed', location: { line: 2 } }])
    expect(issues[0]!.message).toContain('Error: no model')
  })
})

describe('kfp-ts in a step', () => {
  test('says what is not there when a step uses it', async () => {
    const run = await runPipeline(
      await load({
        main: `import { ModelRegistry } from 'kfp-ts/client'
const c = defineComponent({ name: 'c', ${y}, async run() { await new ModelRegistry({ server: 'http://127.0.0.1:1' }).models(); return { y: 1 } } })
${pipelineOf(['c()'])}`,
      }),
    )
    expect(run.state).toBe('FAILED')
    expect(JSON.stringify(run.error)).toContain('\\"ModelRegistry\\" of kfp-ts is not there while a step runs')
  })

  test('what a file reads of its components when it is loaded is there', async () => {
    const main = `const c = defineComponent({ name: 'c', inputs: { n: t.integer({ default: 7 }) }, ${y}, run: ({ n }) => ({ y: n }) })
const { defaultValue } = c.inputs.n
const d = defineComponent({ name: 'd', ${y}, run: () => ({ y: defaultValue + Object.keys(c.outputs).length }) })\n`
    expect(await valuesOf({ main }, ['c()', 'd()'])).toEqual([7, 8])
  })
})
