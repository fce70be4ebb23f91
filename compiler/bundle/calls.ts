/** The calls of a file, and which of them run while it is loaded. */
import type { CallExpression, NewExpression, Node, Program } from 'acorn'

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
  const variables = variablesOf(program)
  const visit = (node: Node, spot: Spot): void => {
    if (node.type === 'CallExpression' || node.type === 'NewExpression') {
      const call = node as CallExpression | NewExpression
      const { callee } = call
      const starts = callee.type === 'MemberExpression' ? [call, callee.property] : [call]
      const variable = variables.get(node)
      calls.push({ node: call, starts, ...spot, ...(variable === undefined ? {} : { variable }) })
    }
    for (const [key, child] of Object.entries(node)) {
      for (const one of Array.isArray(child) ? child : [child]) if (isNode(one)) visit(one, spotInside(node, key, spot))
    }
  }
  for (const [statement, node] of program.body.entries())
    visit(node, { statement, isDeferred: false, isInClass: false })
  return calls
}

/** Variables at the top level, by the expression that they begin with. */
function variablesOf(program: Program): ReadonlyMap<Node, string> {
  const variables = new Map<Node, string>()
  for (const statement of program.body) {
    const declaration = statement.type === 'ExportNamedDeclaration' ? statement.declaration : statement
    if (declaration?.type !== 'VariableDeclaration') continue
    for (const { id, init } of declaration.declarations) {
      if (init && id.type === 'Identifier') variables.set(init, id.name)
    }
  }
  return variables
}

/** Of a class, static fields and blocks run at once; the value of another field when an object is made. */
function spotInside(node: Node, key: string, spot: Spot): Spot {
  if (/Function/.test(node.type)) return { ...spot, isDeferred: true }
  if (/^Class/.test(node.type)) return { ...spot, isInClass: true }
  const isField = node.type === 'PropertyDefinition' && !(node as Node & { static: boolean }).static
  return isField && key === 'value' ? { ...spot, isDeferred: true } : spot
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && typeof (value as Node).type === 'string'
}
