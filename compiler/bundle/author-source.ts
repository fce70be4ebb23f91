/**
 * Prepares an author's file for a step's bundle: definitions become droppable, and the wanted component gets an exported name.
 * TypeScript is turned into JavaScript first, so that one parser is enough; places are followed through the source map.
 */
import { readFile } from 'node:fs/promises'
import { SourceMap } from 'node:module'
import { extname } from 'node:path'
import { type CallExpression, type Node, type Program, parse } from 'acorn'
import { type Loader, transform } from 'esbuild'

/** Name under which the wanted component is exported. */
export const TARGET = '__kfpTsTarget'

const LOADERS: Readonly<Record<string, Loader>> = {
  '.ts': 'ts',
  '.mts': 'ts',
  '.cts': 'ts',
  '.tsx': 'tsx',
  '.jsx': 'jsx',
}

export interface AuthorSource {
  readonly code: string
  /** Definitions of components at the top level: where they stand in the author's text, and their variable. */
  readonly definitions: readonly { readonly line: number; readonly column: number; readonly variable: string }[]
}

/** Reads and marks one file. Files that do not mention kfp-ts come back as they are (undefined). */
export async function readAuthorSource(file: string): Promise<AuthorSource | undefined> {
  const text = await readFile(file, 'utf8')
  if (!text.includes('kfp-ts') && !text.includes('defineComponent')) return undefined
  const { code, map } = await transform(text, {
    loader: LOADERS[extname(file)] ?? 'js',
    target: 'node20',
    sourcemap: 'external',
    sourcefile: file,
    logLevel: 'silent',
  })
  const program = parse(code, { ecmaVersion: 'latest', sourceType: 'module', locations: true })
  return markDefinitions(code, program, new SourceMap(JSON.parse(map)))
}

function markDefinitions(code: string, program: Program, map: SourceMap): AuthorSource {
  const imported = importedNames(program)
  const definitions: AuthorSource['definitions'][number][] = []
  const marks: number[] = []
  const visit = (node: unknown, variable?: string): void => {
    if (!isNode(node)) return
    if (/Function|Class/.test(node.type)) return
    if (node.type === 'CallExpression') {
      const call = node as CallExpression
      const root = rootName(call.callee)
      if (root !== undefined && imported.has(root)) {
        marks.push(call.start)
        if (variable !== undefined && imported.get(root) === 'defineComponent')
          definitions.push({ ...placeOf(call, map), variable })
      }
    }
    const ownVariable = node.type === 'VariableDeclarator' ? nameOf((node as unknown as { id: Node }).id) : undefined
    for (const [key, child] of Object.entries(node)) {
      const inherits = key === 'init' ? ownVariable : undefined
      if (Array.isArray(child)) for (const item of child) visit(item)
      else visit(child, inherits)
    }
  }
  visit(program)
  return {
    code: edited(code, [
      ...marks.map((at) => ({ start: at, end: at, text: '/* @__PURE__ */ ' })),
      ...stubbedImports(program),
    ]),
    definitions,
  }
}

/** Local names of what is imported from kfp-ts, by what they are there. */
function importedNames(program: Program): ReadonlyMap<string, string> {
  const names = new Map<string, string>()
  for (const statement of program.body) {
    if (statement.type !== 'ImportDeclaration') continue
    if (!isOurs(String(statement.source.value))) continue
    for (const specifier of statement.specifiers) {
      const original =
        specifier.type === 'ImportSpecifier' && specifier.imported.type === 'Identifier' ? specifier.imported.name : '*'
      names.set(specifier.local.name, original)
    }
  }
  return names
}

function rootName(callee: Node): string | undefined {
  if (callee.type === 'MemberExpression') return rootName((callee as unknown as { object: Node }).object)
  return nameOf(callee)
}

function nameOf(node: Node): string | undefined {
  return node.type === 'Identifier' ? (node as unknown as { name: string }).name : undefined
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && typeof (value as Node).type === 'string'
}

function placeOf(call: CallExpression, map: SourceMap): { readonly line: number; readonly column: number } {
  const { line, column } = call.loc!.start
  const entry = map.findEntry(line - 1, column)
  return 'originalLine' in entry
    ? { line: entry.originalLine + 1, column: entry.originalColumn + 1 }
    : { line, column: column + 1 }
}

interface Edit {
  readonly start: number
  readonly end: number
  readonly text: string
}

/** Imports from kfp-ts become reads of the stub, which has every name. */
function stubbedImports(program: Program): readonly Edit[] {
  return program.body.flatMap((statement, index) => {
    if (statement.type !== 'ImportDeclaration' || !isOurs(String(statement.source.value))) return []
    const stub = `__kfpTs${index}`
    const names = statement.specifiers.map((specifier) => {
      if (specifier.type !== 'ImportSpecifier') return `const ${specifier.local.name} = ${stub};`
      const original =
        specifier.imported.type === 'Identifier' ? specifier.imported.name : String(specifier.imported.value)
      return `const ${specifier.local.name} = ${stub}[${JSON.stringify(original)}];`
    })
    const text = `import ${stub} from 'kfp-ts'; ${names.join(' ')}`
    return [{ start: statement.start, end: statement.end, text }]
  })
}

/** `kfp-ts/components` is not among them: steps use its functions, so it stays an import. */
function isOurs(source: string): boolean {
  if (source === 'kfp-ts/components') return false
  return source === 'kfp-ts' || source.startsWith('kfp-ts/') || /(^|\/)dsl\/index\.[jt]s$/.test(source)
}

function edited(code: string, edits: readonly Edit[]): string {
  let text = ''
  let from = 0
  for (const edit of [...edits].sort((a, b) => a.start - b.start)) {
    if (edit.start < from) continue
    text += code.slice(from, edit.start) + edit.text
    from = edit.end
  }
  return text + code.slice(from)
}
