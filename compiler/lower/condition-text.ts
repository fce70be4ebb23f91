/** Conditions to the expression language (CEL) that the backends evaluate. */
import type { Issue } from '../../api/issue.ts'
import type { ParameterType as ParameterTypeWord } from '../../api/pipeline-spec.ts'
import type { ConditionExpression, Operand } from '../../dsl/condition.ts'
import type { ConditionNode, GroupNode } from '../../dsl/graph.ts'
import { ParameterRef } from '../../dsl/refs.ts'
import { makeIssue } from '../../dsl/scope.ts'
import { isOfMistake, isOfUnknownType, parameterTypeOf } from '../../dsl/types/fit.ts'
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

function writeComparison(comparison: Comparison, context: Context): string {
  const { left, operator, right } = comparison
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
  if (isUnclear(comparison)) {
    context.report(
      `two values of unknown type are compared with ${operator}, which is another question for numbers than for texts`,
      'say of which type one is, such as t.list(t.number()) or t.struct({ score: t.number() })',
    )
  }
  const isWritten = leftType === 'BOOLEAN' && (isUnknown(left) || isUnknown(right))
  const form = isWritten ? 'text' : types.size > 1 && isNumeric ? 'double' : 'plain'
  return `${writeOperand(left, leftType, form, context)} ${operator} ${writeOperand(right, rightType, form, context)}`
}

/** Numbers and texts have orders of their own, and nothing says which is meant. */
function isUnclear({ left, operator, right }: Comparison): boolean {
  const areUnknown = [left, right].every((operand) => isUnknown(operand) && !isOfMistake(operand))
  return areUnknown && operator !== '==' && operator !== '!='
}

function isUnknown(operand: Operand): operand is ParameterRef {
  return operand instanceof ParameterRef && isOfUnknownType(operand)
}

/** Items and fields of unknown type are taken for what they are compared with; any number may be a fraction. */
function operandType(operand: Operand, other: Operand): ParameterTypeWord {
  if (!(operand instanceof ParameterRef)) return parameterTypeOf(operand)
  if (!isOfUnknownType(operand)) return operand.parameterType
  const type = other instanceof ParameterRef ? other.parameterType : parameterTypeOf(other)
  return type === 'NUMBER_INTEGER' ? 'NUMBER_DOUBLE' : type
}

/** What both sides become before they are compared. */
type Form = 'plain' | 'double' | 'text'

function writeOperand(operand: Operand, type: ParameterTypeWord, form: Form, context: Context): string {
  const toForm = (text: string): string => (form === 'double' && type === 'NUMBER_INTEGER' ? `double(${text})` : text)
  if (operand instanceof ParameterRef) {
    const value = `inputs.parameter_values['${channelName(operand, context.group)}']`
    // Declared STRING, so a number or boolean arrives as its text.
    if (isUnknown(operand)) return type === 'NUMBER_DOUBLE' ? `double(${value})` : value
    if (type === 'NUMBER_INTEGER') return toForm(`int(${value})`)
    return form === 'text' ? `string(${value})` : value
  }
  if (typeof operand === 'number') return toForm(String(operand))
  if (typeof operand === 'boolean' && form === 'plain') return String(operand)
  return `'${String(operand).replace(/[\\']/g, '\\$&').replace(/\n/g, '\\n').replace(/\r/g, '\\r')}'`
}
