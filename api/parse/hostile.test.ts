/** Files made to do harm get a clear error, in a process that has little memory. The worst of them run in a process of their own. */
import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { parsePipelineDocument } from '../parse.ts'

const MEMORY_LIMIT_MEGABYTES = 500

/** What the child makes (an expression: files of 50 MB need not cross a pipe), and the error that must come. */
const HOSTILE: readonly (readonly [story: string, input: string, error: string])[] = [
  ['50 MB of text', `'a: ' + 'x'.repeat(50e6)`, 'file-too-large the file has 48 MB; a pipeline may have 32 MB'],
  ['31 MB in one value', `'a: ' + 'x'.repeat(31e6)`, 'unknown-field the field "a" is not known here'],
  ['31 MB of list items', `'- a\\n'.repeat(7.9e6)`, 'too-complex the file has more than 500000 values'],
  ['as many tasks as the limit allows', tasks(120_000), 'unknown-component there is no component "nope"'],
  ['as many unknown keys', `lines(290_000, (i) => 'k' + i + ': 1')`, 'unknown-field the field "k0" is not known here'],
  ['as many documents', `'---\\na: 1\\n'.repeat(390_000)`, 'too-complex the file has more than 500000 values'],
  ['a ring of 70,000 tasks', ring(70_000), 'task-cycle tasks wait for each other: t0 -> t1 -> t2 -> t3 -> … -> t69997'],
  ['aliases of aliases', bomb(), 'too-complex the aliases expand to more than 500000 values'],
  ['many brackets', `'['.repeat(700_000)`, 'too-complex lists and mappings are nested deeper than 200 levels'],
  ['a million dashes', `'- '.repeat(1e6)`, 'too-complex lists and mappings are nested deeper than 200 levels'],
  [
    'a quoted text of 700,000 lines',
    `'a:\\n  - "x\\n' + 'y\\n'.repeat(7e5) + '"'`,
    'unknown-field the field "a" is not known here',
  ],
]

function tasks(count: number): string {
  return `'root:\\n  dag:\\n    tasks:\\n' + lines(${count}, (i) => '      t' + i + ':\\n        componentRef:\\n          name: nope')`
}
function ring(count: number): string {
  const task = `'      t' + i + ': {componentRef: {name: c}, dependentTasks: [t' + (i + 1) % ${count} + ']}'`
  return `'components: {c: {executorLabel: e}}\\nroot:\\n  dag:\\n    tasks:\\n' + lines(${count}, (i) => ${task})`
}
function bomb(): string {
  return `'k0: &k0 {a: 1}\\n' + lines(60, (i) => 'k' + (i + 1) + ': &k' + (i + 1) + ' {a: *k' + i + ', b: *k' + i + '}')`
}

const CHILD = `
  import { parsePipelineDocument } from ${JSON.stringify(new URL('../parse.ts', import.meta.url).href)}
  const lines = (count, line) => Array.from({ length: count }, (_, i) => line(i)).join('\\n')
  const { document, issues } = parsePipelineDocument(eval(process.argv[1]))
  const megabytes = Math.round(process.resourceUsage().maxRSS / 1024)
  console.log(JSON.stringify({ accepted: document !== undefined, issues: issues.map((i) => i.code + ' ' + i.message).slice(0, 20), megabytes }))
`

describe('files made to do harm', () => {
  it.each(HOSTILE)('%s', (_, input, error) => {
    const child = spawnSync(
      process.execPath,
      ['--max-old-space-size=400', '--input-type=module', '--eval', CHILD, input],
      { encoding: 'utf8', timeout: 30_000 },
    )
    expect(child.stderr).toBe('')
    const { accepted, issues, megabytes } = JSON.parse(child.stdout)
    expect(accepted).toBe(false)
    expect(
      issues.some((issue: string) => issue.startsWith(error)),
      issues.join('\n'),
    ).toBe(true)
    expect(megabytes).toBeLessThan(MEMORY_LIMIT_MEGABYTES)
  })
})

describe('files that are odd', () => {
  const rows: readonly (readonly [story: string, input: string | Uint8Array, error: string, line: number])[] = [
    ['all bytes', Uint8Array.from({ length: 1024 }, (_, index) => index % 256), 'the file is not valid UTF-8 text', 2],
    ['one bad byte', Buffer.from('a: b\nc: \xff\n', 'latin1'), 'the file is not valid UTF-8 text', 2],
    ['a zero byte', 'a: b\nc: \0\n', 'the file is not text: it holds a zero byte', 2],
    ['a control character', '# \u0007\na: b\n', 'the file is not text: it holds the control character U+0007', 1],
    ['one that JSON allows', '# \u009f\na: b\n', 'the file is not text: it holds the control character U+009F', 1],
    ['an image', Uint8Array.from([0x89, 0x50, 0x4e, 0x47, 13, 10]), 'the file is a PNG image, not a pipeline', 1],
    ['tabs', 'root:\n\tdag: {}\n', 'not valid YAML: tab characters must not be used in indentation', 2],
    ['an alias inside of itself', 'root: &r\n  dag: *r\n', 'the alias *r stands inside the value that it names', 2],
    ['an alias of nothing', 'root:\n  dag: *r\n', 'the alias *r names no anchor', 2],
    ['__proto__', 'root:\n  __proto__: {a: 1}\n', 'the key "__proto__" is not allowed', 2],
    ['constructor', 'root:\n  constructor: {a: 1}\n', 'the field "constructor" is not known here', 2],
    ['a mapping as a key', 'root:\n  ? {a: 1}\n  : b\n', 'a key of a mapping must be text', 2],
    ['an unknown tag', 'root: !!python/object:os.system x\n', 'the tag !!python/object:os.system does not fit here', 1],
    [
      'a number beyond all',
      'root:\n  iterations: .inf\n  dag: {tasks: {t: {retryPolicy: {maxRetryCount: .inf}}}}\n',
      'the number Infinity is out of range',
      3,
    ],
  ]

  it('JSON may hold what only YAML refuses', () => {
    const { issues } = parsePipelineDocument('{"a": "\u009f"}')
    expect(issues.map(({ code }) => code)).not.toContain('not-text')
  })

  it.each(rows)('%s', (_, input, message, line) => {
    const { document, issues } = parsePipelineDocument(input)
    expect(document).toBeUndefined()
    const found = issues.find((issue) => issue.message === message)
    expect(found?.location?.line, issues.map((issue) => issue.message).join('\n')).toBe(line)
    expect(found?.hint).toBeTruthy()
    expect(({} as Record<string, unknown>)['a']).toBeUndefined()
  })
})
