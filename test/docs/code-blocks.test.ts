/** Every TypeScript block of the documentation compiles against the sources, under the strict settings of this repository. */
import { execFile } from 'node:child_process'
import { glob, mkdir, rm, writeFile } from 'node:fs/promises'
import { dirname, join, relative, resolve } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { type CodeBlock, codeBlocks, moduleText, readCodeBlocks } from './code-blocks.ts'

const ROOT = resolve(import.meta.dirname, '../..')
/** Inside the package, so that `kfp-ts` is found as a user's project finds it. */
const FOLDER = join(ROOT, '.cache', `docs-${process.pid}`)
const PATTERNS = [
  'README.md',
  'docs/**/*.md',
  'components/**/README.md',
  'examples/**/README.md',
  'cli/templates/**/*.md',
]

afterAll(() => rm(FOLDER, { recursive: true, force: true }))

async function documents(): Promise<string[]> {
  const found: string[] = []
  for await (const path of glob(PATTERNS, { cwd: ROOT, exclude: (name) => name === 'node_modules' })) found.push(path)
  return found.sort()
}

/** Writes blocks as modules and compiles them. @returns the compiler's messages, with the documents' names and lines. */
async function compile(blocks: readonly CodeBlock[], name: string): Promise<string[]> {
  const folder = join(FOLDER, name)
  const places = new Map<string, string>()
  for (const [index, block] of blocks.entries()) {
    const file = join(folder, block.document.replace(/\.md$/, ''), block.fileName ?? `block-${index}.ts`)
    places.set(relative(folder, file), block.document)
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, moduleText(block))
  }
  const compilerOptions = { types: ['node'], noUnusedLocals: false }
  const config = { extends: join(ROOT, 'tsconfig.base.json'), compilerOptions, include: ['**/*.ts'] }
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(config))
  const output = await new Promise<string>((done) => {
    const tsc = join(ROOT, 'node_modules/.bin/tsc')
    execFile(process.execPath, [tsc, '-p', '.', '--pretty', 'false'], { cwd: folder, maxBuffer: 1e8 }, (_, stdout) =>
      done(stdout),
    )
  })
  return output
    .split('\n')
    .filter((line) => /error TS/.test(line))
    .map((line) => line.replace(/^([^(]+)/, (file) => places.get(file) ?? file))
}

test('every block compiles', async () => {
  const files = await documents()
  const blocks = await readCodeBlocks(ROOT, files)
  expect(blocks.length).toBeGreaterThan(8)
  expect(await compile(blocks, 'all')).toEqual([])
})

describe('the check itself', () => {
  const markdown = [
    'text',
    '```ts',
    '// one.ts',
    'export const one: number = 1',
    '```',
    '',
    '```ts',
    "import { one } from './one.ts'",
    'const wrong: string = one',
    '```',
  ]
  test('finds blocks, their names and lines, and leaves out what is marked', () => {
    const { blocks, ignored } = codeBlocks(
      'a.md',
      [...markdown, '```ts ignore', 'nonsense', '```', '```sh', 'ls', '```'].join('\n'),
    )
    expect(blocks.map(({ fileName, line }) => ({ fileName, line }))).toEqual([
      { fileName: 'one.ts', line: 3 },
      { line: 8 },
    ])
    expect(ignored).toBe(1)
  })
  test('reports a wrong block with its place in the document', async () => {
    const { blocks } = codeBlocks('a.md', markdown.join('\n'))
    const errors = await compile(blocks, 'wrong')
    expect(errors).toHaveLength(1)
    expect(errors[0]).toMatch(/^a\.md\(9,7\): error TS2322/)
  })
})
