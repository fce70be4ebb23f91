/** Conditions to the expression language (CEL) that the backends evaluate. */
import type { Issue } from '../../api/issue.ts'
import type { ParameterType as ParameterTypeWord } from '../../api/pipeline-spec.ts'
import type { ConditionExpression, Operand } from '../../dsl/condition.ts'
import type { ConditionNode, GroupNode } from '../../dsl/graph.ts'
import { ParameterRef } from '../../dsl/refs.ts'
import { makeIssue } from '../../dsl/scope.ts'
import { isOfUnknownType, parameterTypeOf } from '../../dsl/types/fit.ts'
import { channelName } from './channels.ts'

/** The trigger condition of a group: all its conditions, the earlier branches' negated. */
export function conditionText(group: ConditionNode, issues: Issue[]): string {
  const parts = group.conditions.map(({ condition, negated }) => {
    const context: Context = {
      group,
      report: (message, hint) =>
        issues.push(makeIssue({ code: 'wrong-condition', message, hint, site: condition.site })),
    }
    const text = write(condition.expression, context)
    if (negated) return `!(${text})`
    const needsBrackets = condition.expression.kind === 'or' && group.conditions.length > 1
    return needsBrackets ? `(${text})` : text
  })
  return parts.join(' && ')
}

interface Context {
  readonly group: GroupNode
  report(message: string, hint: string): void
}

function write(expression: ConditionExpression, context: Context): string {
  switch (expression.kind) {
    case 'compare':
      return writeComparison(expression, context)
    case 'not':
      return `!(${write(expression.part, context)})`
    default: {
      const operator = expression.kind === 'and' ? ' && ' : ' || '
      return expression.parts
        .map((part) => (isList(part) ? `(${write(part, context)})` : write(part, context)))
        .join(operator)
    }
  }
}

function isList(expression: ConditionExpression): boolean {
  return expression.kind === 'and' || expression.kind === 'or'
}

type Comparison = Extract<ConditionExpression, { kind: 'compare' }>

function writeComparison({ left, operator, right }: Comparison, context: Context): string {
  const leftType = operandType(left, right)
  const rightType = operandType(right, left)
  const types = new Set([leftType, rightType])
  for (const type of types) {
    if (type !== 'LIST' && type !== 'STRUCT') continue
    context.report(
      `a ${type} cannot be compared`,
      'compare one of its fields, or a number or text that a component makes of it',
    )
  }
  const isNumeric = [...types].every((type) => type === 'NUMBER_INTEGER' || type === 'NUMBER_DOUBLE')
  if (types.size > 1 && !isNumeric) {
    context.report(`${leftType} is compared with ${rightType}`, 'compare numbers with numbers and texts with texts')
  }
  const asDouble = types.size > 1 && isNumeric
  return `${writeOperand(left, leftType, asDouble, context)} ${operator} ${writeOperand(right, rightType, asDouble, context)}`
}

/** Items and fields of unknown type are taken for what they are compared with. */
function operandType(operand: Operand, other: Operand): ParameterTypeWord {
  if (!(operand instanceof ParameterRef)) return parameterTypeOf(operand)
  if (!isOfUnknownType(operand)) return operand.parameterType
  return other instanceof ParameterRef ? other.parameterType : parameterTypeOf(other)
}

function writeOperand(operand: Operand, type: ParameterTypeWord, asDouble: boolean, context: Context): string {
  const toDouble = (text: string): string => (asDouble && type === 'NUMBER_INTEGER' ? `double(${text})` : text)
  if (operand instanceof ParameterRef) {
    const value = `inputs.parameter_values['${channelName(operand, context.group)}']`
    if (type === 'NUMBER_INTEGER') return toDouble(`int(${value})`)
    return type === 'NUMBER_DOUBLE' && operand.parameterType === 'STRING' ? `double(${value})` : value
  }
  if (typeof operand === 'string')
    return `'${operand.replace(/[\\']/g, '\\$&').replace(/\n/g, '\\n').replace(/\r/g, '\\r')}'`
  if (typeof operand === 'number') return toDouble(String(operand))
  return String(operand)
}
