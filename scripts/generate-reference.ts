/** Generator: docs/reference/*.md, the public entry points from their doc comments. */
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, relative, resolve } from 'node:path'
import { type Declaration, namespaceMembers, readDeclarations, readExports } from './reference/declarations.ts'

const ROOT = resolve(import.meta.dirname, '..')
/** Page by entry point of package.json. */
const ENTRIES = [
  { entry: 'kfp-ts', file: 'dsl/index', page: 'kfp-ts', about: 'Everything an author types.' },
  { entry: 'kfp-ts/compiler', file: 'compiler/index', page: 'compiler', about: 'Definitions and files to pipelines.' },
  { entry: 'kfp-ts/client', file: 'client/index', page: 'client', about: 'Run pipelines, here and on a cluster.' },
  { entry: 'kfp-ts/testing', file: 'local/testing/index', page: 'testing', about: 'Run pipelines inside unit tests.' },
  {
    entry: 'kfp-ts/components',
    file: 'components/index',
    page: 'components',
    about: 'Ready components and their parts.',
  },
] as const

interface Item extends Declaration {
  /** Name that users write, such as `t.integer`. */
  readonly shown: string
}

export async function generate(): Promise<Map<string, string>> {
  const folder = await mkdtemp(join(tmpdir(), 'kfp-ts-reference-'))
  try {
    await emitDeclarations(folder)
    const pages = new Map<string, string>()
    for (const { entry, file, page, about } of ENTRIES) {
      pages.set(`docs/reference/${page}.md`, printPage(entry, about, await itemsOf(join(folder, `${file}.d.ts`))))
    }
    return pages
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** Declarations are written also when some file has an error; `make typecheck` is there for those. */
function emitDeclarations(folder: string): Promise<void> {
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc')
  const args = [tsc, '-p', 'tsconfig.build.json', '--emitDeclarationOnly', '--outDir', folder]
  return new Promise((done) => execFile(process.execPath, args, { cwd: ROOT }, () => done()))
}

async function itemsOf(entry: string): Promise<Item[]> {
  const items: Item[] = []
  for (const { name, local, from } of readExports(await readFile(entry, 'utf8'))) {
    const file = declarationFile(entry, from)
    const text = await readFile(file, 'utf8')
    for (const declaration of readDeclarations(text).filter((found) => found.name === local)) {
      items.push({ ...declaration, shown: name })
      items.push(...(await membersOf(name, declaration, file, text)))
    }
  }
  return items
}

/** The builders behind `t`, say, which are functions of other files. */
async function membersOf(name: string, declaration: Declaration, file: string, text: string): Promise<Item[]> {
  const items: Item[] = []
  for (const member of namespaceMembers(declaration.code, text)) {
    const declared = readDeclarations(member.from ? await readFile(declarationFile(file, member.from), 'utf8') : text)
    for (const found of declared.filter(({ name: candidate }) => candidate === member.local)) {
      items.push({ ...found, shown: `${name}.${member.name}` })
    }
  }
  return items
}

function declarationFile(from: string, specifier: string): string {
  return join(dirname(from), specifier.replace(/\.[jt]s$/, '.d.ts'))
}

function printPage(entry: string, about: string, items: readonly Item[]): string {
  const sections: readonly [string, (item: Item) => boolean][] = [
    ['Functions and values', ({ kind }) => kind === 'function' || kind === 'const'],
    ['Classes', ({ kind }) => kind === 'class'],
    ['Types', ({ kind }) => kind === 'interface' || kind === 'type'],
  ]
  const parts = sections.flatMap(([title, belongs]) => {
    const chosen = Map.groupBy(items.filter(belongs), ({ shown }) => shown)
    if (chosen.size === 0) return []
    return [
      `## ${title}\n`,
      ...[...chosen].sort(([a], [b]) => compare(a, b)).map(([name, same]) => printItem(name, same)),
    ]
  })
  const source = relative(ROOT, import.meta.filename)
  return `# ${entry}\n\n${about} Written by ${source} from the doc comments; signatures and examples are fragments.\n\n${parts.join('\n')}`
}

function printItem(name: string, same: readonly Item[]): string {
  const doc = same.map((item) => printDoc(item.doc)).filter((text) => text !== '')
  const code = same.map((item) => item.code).join('\n')
  return `### ${name}\n\n${doc.length > 0 ? `${doc.join('\n\n')}\n\n` : ''}\`\`\`ts ignore\n${code}\n\`\`\`\n`
}

/** Tags become words, examples become code. */
function printDoc(doc: string): string {
  const [text = '', ...tags] = doc.split(/^@/m)
  const lines = tags.map((tag) => {
    const [, word = '', rest = ''] = /^(\w+)\s*([\s\S]*)$/.exec(tag.trim()) ?? []
    if (word === 'example') return `\nExample:\n\n\`\`\`ts ignore\n${rest}\n\`\`\``
    if (word === 'param') return `- ${rest.replace(/^([\w.]+)/, '`$1`:')}`
    return `- ${{ throws: 'Throws', returns: 'Returns', default: 'Default:' }[word] ?? word} ${rest}`
  })
  return [text.trim(), lines.join('\n').trim()].filter((part) => part !== '').join('\n\n')
}

function compare(a: string, b: string): number {
  const [x, y] = [a.toLowerCase(), b.toLowerCase()]
  return x < y ? -1 : x > y ? 1 : 0
}
