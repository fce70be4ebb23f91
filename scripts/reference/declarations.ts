/** Reads the declaration files that tsc writes: what is exported, with its doc comment. Pure. Used by generate-reference.ts. */

export interface Declaration {
  readonly name: string
  readonly kind: 'function' | 'class' | 'const' | 'interface' | 'type'
  /** Text of the doc comment without its stars; '' when there is none. */
  readonly doc: string
  /** The declaration as TypeScript, without private members. */
  readonly code: string
}
export interface ExportedName {
  /** Name that users import. */
  readonly name: string
  /** Name in the file that declares it. */
  readonly local: string
  readonly from: string
}

/** Top-level declarations of one file, in order; overloads are several of one name. */
export function readDeclarations(text: string): Declaration[] {
  const declarations: Declaration[] = []
  let doc: string[] = []
  const lines = text.split('\n')
  for (let i = 0; i < lines.length; i++) {
    if (lines[i]!.startsWith('/**')) {
      doc = [lines[i]!]
      while (!lines[i]!.includes('*/')) doc.push(lines[++i]!)
      continue
    }
    const head = /^(?:export )?(?:declare )?(?:abstract )?(function|class|const|interface|type) ([\w$]+)/.exec(
      lines[i]!,
    )
    if (!head) {
      doc = []
      continue
    }
    const code = [lines[i]!]
    while (i + 1 < lines.length && /^([ \t})\]]|$)/.test(lines[i + 1]!) && lines[i + 1] !== '') code.push(lines[++i]!)
    declarations.push({
      name: head[2]!,
      kind: head[1] as Declaration['kind'],
      doc: plainDoc(doc),
      code: tidy(code.join('\n')),
    })
    doc = []
  }
  return declarations
}

/** `export { a, type B as C } from './x.ts'` of an entry point. */
export function readExports(text: string): ExportedName[] {
  return [...text.matchAll(/export (?:type )?\{([^}]*)\} from '([^']+)'/g)].flatMap(([, names, from]) =>
    names!
      .split(',')
      .map((name) => name.trim().replace(/^type /, ''))
      .filter((name) => name !== '')
      .map((name) => {
        const [local, exported = local] = name.split(' as ')
        return { name: exported!, local: local!, from: from! }
      }),
  )
}

/** `{ integer: typeof parameters.integer, here: typeof local }` of a declaration; `from` is absent for the same file. */
export function namespaceMembers(code: string, fileText: string): { name: string; local: string; from?: string }[] {
  const imports = fileText.matchAll(/import \* as (\w+) from '([^']+)'/g)
  const files = new Map([...imports].map(([, name, from]) => [name!, from!]))
  return [...code.matchAll(/(\w+): typeof (?:(\w+)\.)?(\w+)/g)].flatMap(([, name, namespace, local]) => {
    if (namespace === undefined) return [{ name: name!, local: local! }]
    const from = files.get(namespace)
    return from ? [{ name: name!, local: local!, from }] : []
  })
}

function plainDoc(lines: readonly string[]): string {
  return lines
    .map((line) => line.replace(/^\s*\/?\*+\/?[ ]?/, '').replace(/\s*\*\/\s*$/, ''))
    .join('\n')
    .trim()
}

/** Our own layout: two spaces, no semicolons, nothing private. */
function tidy(code: string): string {
  return code
    .split('\n')
    .filter((line) => !/^\s*(#private;|private )/.test(line))
    .map((line) => line.replace(/^ +/, (indent) => ' '.repeat(indent.length / 2)).replace(/;$/, ''))
    .join('\n')
    .replace(/^(export )?(declare )?/, '')
}
