/** Keeps the map true: who imports whom (design.md chapter 1), what the pure folders may not name, file lengths, paths in the docs. */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'

const root = resolve(import.meta.dirname, '..')

/** Folder and the folders that it may import from; each may import from itself. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  api: [],
  dsl: ['api'],
  compiler: ['api', 'dsl'],
  engine: ['api'],
  store: ['api'],
  waiting: ['api', 'engine', 'store', 'client'],
  local: ['api', 'engine', 'store', 'waiting'],
  operator: ['api', 'engine', 'store', 'client', 'waiting'],
  launcher: ['api', 'store'],
  components: ['api', 'dsl'],
  client: ['api', 'compiler'],
  server: ['api', 'store', 'client'],
  ui: ['api'],
  cli: [
    'api',
    'dsl',
    'compiler',
    'engine',
    'store',
    'waiting',
    'local',
    'operator',
    'launcher',
    'components',
    'client',
    'server',
    'manifests',
  ],
  manifests: ['api'],
}
/**
 * Public entries that join what the table keeps apart, as the command line does: an author's clients, which take definitions
 * (`typed-run.ts` has their types and no code), and an author's tests.
 */
const COMPOSITION_ROOTS = [
  'client/client.ts',
  'client/typed-run.ts',
  'client/local-client.ts',
  'client/index.ts',
  'local/testing/',
]
/** No node:*, no clock, no randomness. */
const PURE = ['api', 'dsl', 'engine']
const PURE_EXCEPT = ['dsl/node/']
const MAX_LINES = 400

/** Files that git knows or would add, and that are there. */
const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  cwd: root,
  encoding: 'utf8',
})
  .split('\n')
  .filter((file) => file !== '' && existsSync(join(root, file)))
const sources = files.filter((file) => /\.(ts|tsx|mts)$/.test(file))
const read = (file: string) => readFileSync(join(root, file), 'utf8')
const folderOf = (file: string) => file.split('/')[0]!
const isTest = (file: string) => /(\.(test|test-d)|(^|\/)bench)\.tsx?$/.test(file) || file.includes('/testdata/')

const IMPORT =
  /(?:^|\n)\s*(?:import|export)\b[^'"`;]*?\bfrom\s*['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]\s*\)|(?:^|\n)\s*import\s*['"]([^'"]+)['"]/g

interface Import {
  readonly from: string
  readonly to: string
}

function importsOf(file: string): Import[] {
  const text = withoutComments(read(file))
  return [...text.matchAll(IMPORT)].map((match) => ({ from: file, to: (match[1] ?? match[2] ?? match[3])! }))
}

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|[^:'"`])\/\/.*$/gm, '$1')
}

/** The path from the root that a relative import names. */
const target = ({ from, to }: Import) => relative(root, resolve(root, dirname(from), to))

describe('imports', () => {
  const product = sources.filter((file) => folderOf(file) in MAY_IMPORT && !isTest(file))
  const relatives = product.flatMap(importsOf).filter(({ to }) => to.startsWith('.'))

  it('are read at all', () => {
    expect(relatives.length).toBeGreaterThan(100)
  })

  it('go only where the table lets them', () => {
    const wrong = relatives.filter((one) => {
      if (COMPOSITION_ROOTS.some((prefix) => one.from.startsWith(prefix))) return false
      const to = folderOf(target(one))
      return (
        to !== folderOf(one.from) && !MAY_IMPORT[folderOf(one.from)]!.includes(to) && target(one) !== 'package.json'
      )
    })
    expect(wrong.map((one) => `${one.from} -> ${target(one)}`)).toEqual([])
  })

  it('name files that are there, with their extension', () => {
    const missing = relatives.filter((one) => !existsSync(join(root, target(one))))
    expect(missing.map((one) => `${one.from} -> ${one.to}`)).toEqual([])
  })

  it('of ui are types only where they leave it', () => {
    const wrong = product
      .filter((file) => file.startsWith('ui/'))
      .flatMap((file) =>
        [...read(file).matchAll(/^import (?!type )[^'"]*from '(\.\.\/[^']*)'/gm)].map((match) => ({
          from: file,
          to: match[1]!,
        })),
      )
      .filter((one) => folderOf(target(one)) !== 'ui')
    expect(wrong).toEqual([])
  })
})

describe('pure folders', () => {
  const pure = sources.filter(
    (file) => PURE.includes(folderOf(file)) && !isTest(file) && !PURE_EXCEPT.some((prefix) => file.startsWith(prefix)),
  )

  it('import nothing of Node', () => {
    const wrong = pure.flatMap(importsOf).filter(({ to }) => to.startsWith('node:'))
    expect(wrong.map(({ from, to }) => `${from} -> ${to}`)).toEqual([])
  })

  it('have no clock and no randomness', () => {
    const forbidden =
      /\bDate\.now\(|\bnew Date\(\)|\bMath\.random\(|\bperformance\.now\(|\bcrypto\.(randomUUID|getRandomValues)\b|\bset(Timeout|Interval|Immediate)\(/
    expect(pure.filter((file) => forbidden.test(withoutComments(read(file))))).toEqual([])
  })
})

describe('files', () => {
  it(`have at most ${MAX_LINES} lines`, () => {
    const long = sources
      .filter((file) => !/\.gen\.tsx?$/.test(file))
      .map((file) => [file, read(file).split('\n').length - 1] as const)
      .filter(([, lines]) => lines > MAX_LINES)
    expect(long).toEqual([])
  })

  it('export names, not everything', () => {
    const wrong = sources.filter((file) => /^export (type )?\*/m.test(withoutComments(read(file))))
    expect(wrong).toEqual([])
  })

  it('are in no folder called utils', () => {
    expect(files.filter((file) => /(^|\/)(utils?|helpers|common)\//.test(file))).toEqual([])
  })
})

describe('documentation', () => {
  const pages = files.filter((file) => /^(README|CONTRIBUTING|AGENTS)\.md$|^docs\/.*\.md$/.test(file))
  const known = new Set(files)
  const folders = new Set(
    files.flatMap((file) =>
      file
        .split('/')
        .slice(0, -1)
        .map((_, index, parts) => parts.slice(0, index + 1).join('/')),
    ),
  )
  const topLevel = new Set([...files.map(folderOf)])

  /** Things in backquotes that look like a path of this repository, and targets of relative links. */
  function pathsIn(page: string): string[] {
    const text = read(page)
    const quoted = [...text.matchAll(/`([^`\s]+)`/g)]
      .map((match) => match[1]!.replace(/[),.:;]+$/, ''))
      .filter((path) => path.includes('/') && topLevel.has(folderOf(path)) && /^[\w./@-]+$/.test(path))
      // NAME, FILE and the like stand for something.
      .filter((path) => !/(^|\/)[A-Z]{3,}(\.\w+)?$/.test(path) || /\.md$/.test(path))
    const links = [...text.matchAll(/\]\((?!https?:|mailto:|#)([^)#:\s]+)(?:#[^)]*)?\)/g)].map((match) =>
      join(dirname(page), match[1]!),
    )
    return [...quoted, ...links]
  }

  it.each(pages)('%s names only paths that exist', (page) => {
    const missing = pathsIn(page).filter((path) => {
      const plain = path.replace(/\/$/, '')
      return !known.has(plain) && !folders.has(plain)
    })
    expect(missing).toEqual([])
  })
})
