/** The calls of a file: which of them run while it is loaded, and which of these look for files beside it. */
import type { AnyNode, CallExpression, Expression, NewExpression, Node, Program } from 'acorn'

export interface Call {
  readonly node: CallExpression | NewExpression
  /** Where stacks may say that it stands: its start, or the last name before its arguments. */
  readonly starts: readonly Node[]
  /** Index of the statement at the top level. */
  readonly statement: number
  /** In a function: it runs when that is called, be it never or often. */
  readonly isDeferred: boolean
  readonly isInClass: boolean
  /** The variable at the top level whose whole initialiser it is. */
  readonly variable?: string
}

type Spot = Pick<Call, 'statement' | 'isDeferred' | 'isInClass'>

export function callsOf(program: Program): readonly Call[] {
  const calls: Call[] = []
  const variables = new Map(variablesOf(program).map(({ name, init }) => [init as Node, name]))
  const visit = (node: Node, spot: Spot): void => {
    if (isCall(node)) {
      const starts = node.callee.type === 'MemberExpression' ? [node, node.callee.property] : [node]
      const variable = variables.get(node)
      calls.push({ node, starts, ...spot, ...(variable === undefined ? {} : { variable }) })
    }
    for (const [key, child] of childrenOf(node)) visit(child, spotInside(node, key, spot))
  }
  for (const [statement, node] of program.body.entries())
    visit(node, { statement, isDeferred: false, isInClass: false })
  return calls
}

/** What is run to look for files beside this one, for the value of a variable that somebody may need or not. */
export interface PlaceReads {
  readonly calls: readonly Node[]
  /** `import.meta.url` and the like. */
  readonly places: readonly Node[]
}

export function placeReadsOf(program: Program): PlaceReads {
  const calls: Node[] = []
  const places: Node[] = []
  const known = new Set<string>()
  for (const { name, init } of variablesOf(program)) {
    const nodes = runAtOnce(init)
    const own = nodes.filter((node) => node.type === 'MemberExpression' && node.object.type === 'MetaProperty')
    if (own.length === 0 && !nodes.some((node) => node.type === 'Identifier' && known.has(node.name))) continue
    known.add(name)
    calls.push(...nodes.filter(isCall))
    places.push(...own)
  }
  return { calls, places }
}

/** The nodes of an expression without those in functions and classes, and without names of fields. */
function runAtOnce(expression: Expression): readonly AnyNode[] {
  const nodes: AnyNode[] = []
  const visit = (node: Node): void => {
    if (/Function|Class/.test(node.type)) return
    nodes.push(node as AnyNode)
    const isPlain = (node as Node & { computed?: boolean }).computed === false
    for (const [key, child] of childrenOf(node)) if (!isPlain || (key !== 'property' && key !== 'key')) visit(child)
  }
  visit(expression)
  return nodes
}

/** Variables at the top level and what they begin with. */
function variablesOf(program: Program): readonly { readonly name: string; readonly init: Expression }[] {
  return program.body.flatMap((statement) => {
    const declaration = statement.type === 'ExportNamedDeclaration' ? statement.declaration : statement
    if (declaration?.type !== 'VariableDeclaration') return []
    return declaration.declarations.flatMap(({ id, init }) =>
      init && id.type === 'Identifier' ? [{ name: id.name, init }] : [],
    )
  })
}

/** Of a class, static fields and blocks run at once; the value of another field when an object is made. */
function spotInside(node: Node, key: string, spot: Spot): Spot {
  if (/Function/.test(node.type)) return { ...spot, isDeferred: true }
  if (/^Class/.test(node.type)) return { ...spot, isInClass: true }
  const isField = node.type === 'PropertyDefinition' && !(node as Node & { static: boolean }).static
  return isField && key === 'value' ? { ...spot, isDeferred: true } : spot
}

function childrenOf(node: Node): readonly (readonly [key: string, child: Node])[] {
  return Object.entries(node).flatMap(([key, child]) =>
    [child].flat().flatMap((one: unknown) => (isNode(one) ? [[key, one] as const] : [])),
  )
}

function isCall(node: Node): node is CallExpression | NewExpression {
  return node.type === 'CallExpression' || node.type === 'NewExpression'
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && typeof (value as Node).type === 'string'
}
