/** Comparisons of references, and their combinations. A condition that nobody uses is the `a && b` trap and gets reported. */
import { isConstant } from './constant.ts'
import { type CallSite, here } from './location.ts'
import { isRef, ParameterRef } from './refs.ts'
import { currentScope, report } from './scope.ts'
import { brandOf, hasBrand } from './shared.ts'
import { Task } from './task.ts'

export type Comparator = '==' | '!=' | '<' | '<=' | '>' | '>='
export type Operand = ParameterRef | string | number | boolean

/** The shape of a condition; the compiler writes it as one expression. */
export type ConditionExpression =
  | { readonly kind: 'compare'; readonly left: Operand; readonly operator: Comparator; readonly right: Operand }
  | { readonly kind: 'and' | 'or'; readonly parts: readonly ConditionExpression[] }
  | { readonly kind: 'not'; readonly part: ConditionExpression }

/** Stands where a mistake was given; no document is made of it. */
const NOTHING: ConditionExpression = { kind: 'and', parts: [] }

const CONDITION = brandOf('condition')

/** Something that is true or false when the run gets there. Give it to `If`, `and`, `or` or `not`. */
export class Condition {
  static [Symbol.hasInstance](value: unknown): boolean {
    return hasBrand(value, CONDITION)
  }

  readonly [CONDITION] = true
  readonly expression: ConditionExpression
  readonly site: CallSite

  constructor(expression: ConditionExpression, site: CallSite) {
    this.expression = expression
    this.site = site
    currentScope('a condition').graph.openConditions.add(this)
  }

  [Symbol.toPrimitive](): string {
    return '[condition of kfp-ts: known only when the pipeline runs]'
  }
}

type Comparable<T> = T | ParameterRef<T>
/** What can be compared with a `ParameterRef<T>`: numbers with numbers, strings with strings. */
type Other<T> = [T] extends [number]
  ? Comparable<number>
  : [T] extends [string]
    ? Comparable<string>
    : [T] extends [boolean]
      ? Comparable<boolean>
      : unknown extends T
        ? Operand
        : never

function comparison(left: unknown, operator: Comparator, right: unknown): ConditionExpression {
  return { kind: 'compare', left: operand(left), operator, right: operand(right) }
}

function operand(value: unknown): Operand {
  const hint = 'compare with the reference itself, or let a component make the text'
  return typeof value !== 'string' || isConstant(value, 'a text of this condition', hint) ? (value as Operand) : ''
}

function compare(operator: Comparator) {
  return <T>(left: ParameterRef<T>, right: Other<NonNullable<T>>): Condition =>
    new Condition(comparison(left, operator, right), here())
}

/** `left == right` at run time. */
export const equals = compare('==')
export const notEquals = compare('!=')
export const lessThan = compare('<')
export const atMost = compare('<=')
export const greaterThan = compare('>')
export const atLeast = compare('>=')

/** True when all are. */
export function and(...conditions: readonly [Condition, Condition, ...Condition[]]): Condition {
  return new Condition({ kind: 'and', parts: expressionsOf(conditions, 'and') }, here())
}
/** True when at least one is. */
export function or(...conditions: readonly [Condition, Condition, ...Condition[]]): Condition {
  return new Condition({ kind: 'or', parts: expressionsOf(conditions, 'or') }, here())
}
export function not(condition: Condition): Condition {
  const [part = NOTHING] = expressionsOf([condition], 'not')
  return new Condition({ kind: 'not', part }, here())
}
/**
 * True when the value is one of a list of constants or references.
 *
 * @example If(isIn(flip.output, ['heads', 'edge']), () => { … })
 */
export function isIn<T>(
  value: ParameterRef<T>,
  choices: readonly [Other<NonNullable<T>>, ...Other<NonNullable<T>>[]],
): Condition {
  const parts = choices.map((choice) => comparison(value, '==', choice))
  return new Condition(parts.length === 1 ? parts[0]! : { kind: 'or', parts }, here())
}

/** Marks a condition as used. What is none is reported, for `user` of it: plain JavaScript and `any` come here. */
export function usedCondition(value: unknown, user: string): Condition | undefined {
  const scope = currentScope('a condition')
  if (value instanceof Condition) {
    scope.graph.openConditions.delete(value)
    return value
  }
  const what = isRef(value) ? 'a reference' : value instanceof Task ? 'a task' : `a value of type ${typeof value}`
  report(scope, {
    code: 'wrong-condition',
    message:
      typeof value === 'boolean'
        ? `${user} got ${value} for a condition: === , < and the like compare when the pipeline is compiled, not when it runs`
        : `${user} got ${what} for a condition`,
    hint: "compare with equals, notEquals, lessThan and so on, such as equals(side, 'x') or equals(flag, true)",
    site: here(),
  })
  return undefined
}

function expressionsOf(conditions: readonly Condition[], user: string): readonly ConditionExpression[] {
  return conditions.flatMap((condition) => usedCondition(condition, user)?.expression ?? [])
}

/** Every reference in a condition, left to right. */
export function operandsOf(expression: ConditionExpression): readonly ParameterRef[] {
  switch (expression.kind) {
    case 'compare':
      return [expression.left, expression.right].filter((operand) => operand instanceof ParameterRef)
    case 'not':
      return operandsOf(expression.part)
    default:
      return expression.parts.flatMap(operandsOf)
  }
}
