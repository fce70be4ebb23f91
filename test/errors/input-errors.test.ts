/** What a new user gets wrong before anything runs: each ends with status 2, a place, the problem and a remedy. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeWorkplace } from './run-tool.ts'

let place: ReturnType<typeof makeWorkplace>
beforeAll(() => {
  place = makeWorkplace()
})
afterAll(() => place.remove())

const PIPELINE = (name: string, exported = name) => `
const step_${exported} = defineComponent({ name: 'step', inputs: { n: t.integer() }, outputs: { m: t.integer() }, run: ({ n }) => ({ m: n + 1 }) })
export const ${exported} = definePipeline({ name: '${name}', inputs: { count: t.integer({ default: 1 }), label: t.string() } }, ({ count }) => {
  step_${exported}({ n: count })
})
`
const IMPORTS = "import { defineComponent, definePipeline, t } from 'kfp-ts'\n"

interface Mistake {
  readonly story: string
  readonly files?: Readonly<Record<string, string>>
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** All of them are in stderr. */
  readonly messages: readonly string[]
}

const MISTAKES: readonly Mistake[] = [
  {
    story: 'a file that is not there',
    args: ['run', 'pipline.ts'],
    messages: ['pipline.ts', 'there is no such file', 'check the path'],
  },
  {
    story: 'a compiled file that is not there',
    args: ['run', 'absent.yaml'],
    messages: ['absent.yaml', 'there is no such file'],
  },
  { story: 'no file at all', args: ['run'], messages: ['run needs a FILE', 'kfp-ts run pipeline.ts'] },
  {
    story: 'a module without a pipeline',
    files: { 'none.ts': 'export const answer = 42\n' },
    args: ['run', 'none.ts'],
    messages: ['none.ts', 'no pipeline is exported', 'answer', 'definePipeline'],
  },
  {
    story: 'two pipelines',
    files: { 'two.ts': `${IMPORTS}${PIPELINE('first')}${PIPELINE('second')}` },
    args: ['run', 'two.ts'],
    messages: ['two.ts', 'exports 2 pipelines', '--pipeline', 'first', 'second'],
  },
  {
    story: 'a name that none of them has',
    files: { 'two.ts': `${IMPORTS}${PIPELINE('first')}${PIPELINE('second')}` },
    args: ['run', 'two.ts', '--pipeline', 'third'],
    messages: ['no pipeline "third"', 'first'],
  },
  {
    story: 'a syntax error',
    files: { 'syntax.ts': 'export const x = \n  (1 + ;\n' },
    args: ['run', 'syntax.ts'],
    messages: ['syntax.ts:2:', 'Unexpected ";"'],
  },
  {
    story: 'a syntax error in YAML',
    files: { 'syntax.yaml': 'a: [1, 2\nb: }\n' },
    args: ['run', 'syntax.yaml'],
    messages: ['syntax.yaml:2:'],
  },
  {
    story: 'legacy decorators',
    files: {
      'legacy/tsconfig.json': '{"compilerOptions": {"experimentalDecorators": true}}',
      'legacy/p.ts': `import { pipeline } from 'kfp-ts'\nexport class P {\n  @pipeline({ name: 'p' })\n  body() {}\n}\n`,
    },
    args: ['run', 'legacy/p.ts'],
    messages: ['legacy/tsconfig.json:1', 'experimentalDecorators is on', 'remove'],
  },
  {
    story: 'an unknown parameter',
    files: { 'one.ts': `${IMPORTS}${PIPELINE('one')}` },
    args: ['run', 'one.ts', '--param', 'cuont=3', '--param', 'label=x'],
    messages: ['cuont', 'count'],
  },
  {
    story: 'a parameter of another type',
    files: { 'one.ts': `${IMPORTS}${PIPELINE('one')}` },
    args: ['run', 'one.ts', '--param', 'count=three', '--param', 'label=x'],
    messages: ['count', 'three'],
  },
  {
    story: 'a parameter that is missing',
    files: { 'one.ts': `${IMPORTS}${PIPELINE('one')}` },
    args: ['run', 'one.ts'],
    messages: ['label'],
  },
  {
    story: 'a parameter without a value',
    files: { 'one.ts': `${IMPORTS}${PIPELINE('one')}` },
    args: ['run', 'one.ts', '--param', 'label'],
    messages: ['--param label', 'NAME=VALUE'],
  },
  {
    story: 'a parameters file that is none',
    files: { 'params.yaml': '- 1\n- 2\n' },
    args: ['run', 'one.ts', '--params-file', 'params.yaml'],
    messages: ['params.yaml', 'must hold an object'],
  },
  {
    story: 'an option with a typing mistake',
    args: ['run', 'one.ts', '--paralelism', '3'],
    messages: ['paralelism', 'did you mean --parallelism?'],
  },
  {
    story: 'a command with a typing mistake',
    args: ['rnu', 'one.ts'],
    messages: ['no command "rnu"', 'did you mean "kfp-ts run"?'],
  },
  {
    story: 'a duration that is none',
    args: ['run', 'one.ts', '--timeout', 'soon'],
    messages: ['--timeout soon', '90s'],
  },
  {
    story: 'a run that does not exist',
    args: ['run', '--resume', 'nothing'],
    messages: ['no run "nothing"', 'kfp-ts runs'],
  },
  { story: 'logs of a run that does not exist', args: ['logs', 'nothing', 'step'], messages: ['no run "nothing"'] },
]

test.each(MISTAKES)('$story', async ({ files, args, env, messages }) => {
  for (const [name, content] of Object.entries(files ?? {})) place.write(name, content)
  const { status, stdout, stderr } = await place.tool(args, env)
  for (const message of messages) expect(stderr).toContain(message)
  expect(stderr).not.toMatch(/^\s+at .*\.ts:\d+/m)
  expect(stdout).toBe('')
  expect(status).toBe(2)
})
