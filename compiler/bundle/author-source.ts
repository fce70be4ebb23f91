/**
 * Prepares an author's file for a step's bundle: definitions become droppable, and the wanted component gets an exported name.
 * TypeScript is turned into JavaScript first, so that one parser is enough; places are followed through the source map.
 */
import { SourceMap } from 'node:module'
import { extname } from 'node:path'
import { type Node, type Program, parse } from 'acorn'
import { type Loader, transform } from 'esbuild'
import type { Frame } from '../../dsl/location.ts'
import { type Call, callsOf, placeReadsOf } from './calls.ts'

/** Name under which a wanted component that has a variable is exported. */
export const TARGET = '__kfpTsTarget'
/** Name under which the components that the wanted statements made are exported. */
export const MADE = '__kfpTsMade'

/** What stands before a call that is left out when nobody uses its value. */
const PURE = '/* @__PURE__ */ '

const LOADERS: Readonly<Record<string, Loader>> = {
  '.ts': 'ts',
  '.mts': 'ts',
  '.cts': 'ts',
  '.tsx': 'tsx',
  '.jsx': 'jsx',
}

/** What makes a component when its file is loaded: the initialiser of a variable, or else statements at the top level. */
export type Origin = { readonly variable: string } | { readonly first: number; readonly last: number }

export class AuthorSource {
  readonly #code: string
  readonly #program: Program
  readonly #map: SourceMap
  readonly #calls: readonly Call[]
  readonly #imported: ReadonlyMap<string, string>

  constructor(code: string, map: string) {
    this.#code = code
    this.#program = parse(code, { ecmaVersion: 'latest', sourceType: 'module', locations: true })
    this.#map = new SourceMap(JSON.parse(map))
    this.#calls = callsOf(this.#program)
    this.#imported = importedNames(this.#program)
  }

  /** What stands where a frame is; undefined inside of functions, which may be called any number of times. */
  originAt({ line, column }: Frame): Origin | undefined {
    const here = this.#calls.flatMap((call) => {
      const places = call.starts.flatMap((node) => placesOf(node, this.#map)).filter((place) => place.line === line)
      return places.length === 0 ? [] : [{ call, isExact: places.some((place) => place.column === column) }]
    })
    const exact = here.filter(({ isExact }) => isExact)
    if (exact.length > 0) return this.#originOf(exact.map(({ call }) => call))
    // Not everything that runs authors' files tells columns; the line is enough where one definition or statement stands in it.
    const calls = here.map(({ call }) => call).filter(({ isDeferred }) => !isDeferred)
    const definitions = calls.filter((call) => this.#isDefinition(call))
    if (definitions.length === 1) return this.#originOf(definitions)
    return new Set(calls.map(({ statement }) => statement)).size === 1 ? this.#originOf(calls) : undefined
  }

  /** A decorated class becomes several calls at one place. */
  #originOf(calls: readonly Call[]): Origin | undefined {
    const [call, ...others] = calls.filter(({ isDeferred }) => !isDeferred)
    if (!call) return undefined
    if (call.variable !== undefined && this.#isDefinition(call)) return { variable: call.variable }
    return { first: call.statement, last: others.at(-1)?.statement ?? call.statement }
  }

  /** The file as a module whose definitions are dropped when nobody uses them, all but the wanted one. */
  marked(wanted?: Origin): string {
    const droppable = [...this.#droppableDefinitions(), ...this.#droppablePlaces()]
    const imports = stubbedImports(this.#program)
    if (!wanted || 'variable' in wanted) {
      const code = edited(this.#code, [...droppable, ...imports])
      return wanted ? `${code}\nexport { ${wanted.variable} as ${TARGET} }` : code
    }
    const start = this.#program.body[wanted.first]!.start
    const end = this.#program.body[wanted.last]!.end
    const outside = droppable.filter((edit) => edit.end < start || edit.start > end)
    return edited(this.#code, [...recording(start, end), ...outside, ...imports])
  }

  #droppableDefinitions(): readonly Edit[] {
    return this.#calls.flatMap(({ node, isDeferred, isInClass }) => {
      const root = rootName(node.callee)
      const isOurCall = root !== undefined && this.#imported.has(root) && node.type === 'CallExpression'
      return !isOurCall || isDeferred || isInClass ? [] : [{ start: node.start, end: node.start, text: PURE }]
    })
  }

  /** Files that lie beside the source are not there in a step, so one that does not need them must not look. */
  #droppablePlaces(): readonly Edit[] {
    const { calls, places } = placeReadsOf(this.#program)
    return [
      ...calls.map(({ start }) => ({ start, end: start, text: PURE })),
      ...places.map(({ start, end }) => ({ start, end, text: `${PURE}(() => ${this.#code.slice(start, end)})()` })),
    ]
  }

  #isDefinition({ node: { callee } }: Call): boolean {
    const imported = this.#imported.get(rootName(callee) ?? '')
    if (callee.type === 'Identifier') return imported === 'defineComponent'
    return imported === '*' && callee.type === 'MemberExpression' && nameOf(callee.property) === 'defineComponent'
  }
}

/** Whether a file may define components: others travel as they are. */
export function mentionsKfpTs(text: string): boolean {
  return text.includes('kfp-ts') || text.includes('defineComponent')
}

export async function readAuthorSource(file: string, text: string): Promise<AuthorSource> {
  const { code, map } = await transform(text, {
    loader: LOADERS[extname(file)] ?? 'js',
    target: 'node20',
    sourcemap: 'external',
    sourcefile: file,
    logLevel: 'silent',
  })
  return new AuthorSource(code, map)
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

/** Where a node stands in the author's text; nowhere when esbuild added it. */
function placesOf(node: Node, map: SourceMap): readonly { readonly line: number; readonly column: number }[] {
  const { line, column } = node.loc!.start
  const entry = map.findEntry(line - 1, column)
  return 'originalLine' in entry ? [{ line: entry.originalLine + 1, column: entry.originalColumn + 1 }] : []
}

/** Keeps what the stub registers meanwhile. */
function recording(start: number, end: number): readonly Edit[] {
  const before = `import { registry as __kfpTsRegistry } from 'kfp-ts'; const __kfpTsBefore = __kfpTsRegistry.length;\n`
  const after = `\nexport const ${MADE} = __kfpTsRegistry.slice(__kfpTsBefore);`
  return [
    { start, end: start, text: before },
    { start: end, end, text: after },
  ]
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
