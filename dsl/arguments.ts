/** Turns what an author passes to an input into an ArgumentValue, and checks it against the input's type. */
import type { JsonValue } from '../api/json.ts'
import { Condition } from './condition.ts'
import type { ArgumentValue, ComponentModel, TemplateValue } from './graph.ts'
import type { CallSite } from './location.ts'
import { type AnyRef, ArtifactRef, isRef, ParameterRef, piecesOf, type TextPiece } from './refs.ts'
import { report, type Scope } from './scope.ts'
import { suggestion } from './suggest.ts'
import { Task } from './task.ts'
import { constantProblem, isFittingArtifact, isFittingParameter, isOfMistake } from './types/fit.ts'
import type { AnyType } from './types/index.ts'

/** Reads the arguments of one call; everything wrong is reported to the scope. */
export function readArguments(
  scope: Scope,
  component: ComponentModel,
  given: Readonly<Record<string, unknown>>,
  site: CallSite,
): Map<string, ArgumentValue> {
  const values = new Map<string, ArgumentValue>()
  for (const [name, value] of Object.entries(given)) {
    const type = component.inputs[name]
    if (value === undefined) continue
    if (!type || !Object.hasOwn(component.inputs, name)) {
      const known = Object.keys(component.inputs)
      report(scope, {
        code: 'unknown-input',
        message: `component "${component.name}" has no input "${name}"`,
        hint: suggestion(name, known) ?? (known.length ? `it has: ${known.join(', ')}` : 'it has no inputs'),
        site,
      })
      continue
    }
    const read = readValue(scope, value, { type, what: `input "${name}" of component "${component.name}"`, site })
    if (read) values.set(name, read)
  }
  for (const [name, type] of Object.entries(component.inputs)) {
    if (type.need !== 'required' || given[name] !== undefined) continue
    report(scope, {
      code: 'missing-input',
      message: `component "${component.name}" needs its input "${name}"`,
      hint: `add "${name}" to the call, or give the input a default`,
      site,
    })
  }
  return values
}

interface Place {
  readonly type: AnyType
  readonly what: string
  readonly site: CallSite
}

function readValue(scope: Scope, value: unknown, place: Place): ArgumentValue | undefined {
  const { type, what, site } = place
  const fail = (message: string, hint: string): undefined => {
    report(scope, { code: 'wrong-type', message, hint, site })
    return undefined
  }
  if (value instanceof Task) {
    return fail(`${what} got the task "${value.key}" itself`, 'pass task.output or task.outputs.<name>')
  }
  if (value instanceof Condition) {
    scope.graph.openConditions.delete(value)
    return fail(`${what} got a condition`, 'conditions can be given to If, and, or, not only')
  }
  if (typeof value === 'function' || typeof value === 'symbol' || typeof value === 'bigint') {
    return fail(`${what} got a ${typeof value}`, 'pass a reference or a JSON value')
  }
  if (isRef(value)) return readRef(scope, value, place) ? { kind: 'ref', ref: value } : undefined
  if (type.kind === 'artifact') {
    return fail(
      `${what} wants an artifact (${type.schemaTitle}) and got a constant`,
      'pass an output of a task, or use importer() for data that exists',
    )
  }
  const template = readTemplate(value)
  if (template.ok === false) return fail(`${what} got ${template.problem}`, 'pass JSON values only')
  if (template.refs) return { kind: 'template', value: template.value, site }
  const problem = constantProblem(value as JsonValue, type)
  if (problem) return fail(`${what} ${problem}`, 'change the value or the type of the input')
  return { kind: 'constant', value: value as JsonValue, site }
}

/** Whether a reference fits the input; reports when not. */
function readRef(scope: Scope, ref: AnyRef, { type, what, site }: Place): boolean {
  const mismatch = (wanted: string, got: string, hint: string): boolean => {
    report(scope, { code: 'wrong-type', message: `${what} wants ${wanted} and got ${got}`, hint, site })
    return false
  }
  if (isOfMistake(ref)) return true
  if (ref instanceof ParameterRef) {
    if (type.kind === 'artifact') {
      return mismatch(
        `an artifact (${type.schemaTitle})`,
        `a parameter (${ref.parameterType})`,
        'pass an artifact output',
      )
    }
    if (isFittingParameter(ref, type)) return true
    return mismatch(type.parameterType, ref.parameterType, 'convert it in a component, or change the type of the input')
  }
  if (type.kind === 'parameter') {
    return mismatch(
      `a parameter (${type.parameterType})`,
      `an artifact (${ref.schemaTitle})`,
      'make the input an artifact, or pass an output parameter',
    )
  }
  if (ref.list !== type.list) {
    const one = ref.list ? 'a list of artifacts' : 'one artifact'
    return mismatch(
      type.list ? 'a list of artifacts' : 'one artifact',
      one,
      ref.list ? 'use t.list(…) for the input' : 'collect a list with collected(…) from a loop',
    )
  }
  if (isFittingArtifact(ref, type)) return true
  return mismatch(
    type.schemaTitle,
    ref.schemaTitle,
    'wire an artifact of that type, or declare the input as t.artifact()',
  )
}

type TemplateRead =
  | { readonly ok: true; readonly value: TemplateValue; readonly refs: boolean }
  | { readonly ok: false; readonly problem: string }

/** Finds references inside texts, lists and objects. */
export function readTemplate(value: unknown, depth = 0): TemplateRead {
  if (depth > 64) return { ok: false, problem: 'a value that is nested more than 64 deep (or holds itself)' }
  if (value === null || typeof value === 'boolean') return { ok: true, value, refs: false }
  if (typeof value === 'number') {
    return Number.isFinite(value)
      ? { ok: true, value, refs: false }
      : { ok: false, problem: `the number ${value}, which JSON has no word for` }
  }
  if (typeof value === 'string') {
    const pieces = piecesOf(value)
    return { ok: true, value: pieces, refs: pieces.some((piece) => typeof piece !== 'string') }
  }
  if (value instanceof ParameterRef) return { ok: true, value: [value], refs: true }
  if (value instanceof ArtifactRef) return { ok: false, problem: 'an artifact inside a constant' }
  if (value instanceof Task) return { ok: false, problem: `the task "${value.key}" inside a constant` }
  if (Array.isArray(value)) {
    const parts = value.map((item) => readTemplate(item, depth + 1))
    const bad = parts.find((part) => !part.ok)
    if (bad && !bad.ok) return bad
    const list = parts.map((part) => (part.ok ? part.value : null))
    return { ok: true, value: { list }, refs: parts.some((part) => part.ok && part.refs) }
  }
  if (typeof value === 'object') return readObject(value, depth)
  return { ok: false, problem: `a value of type ${typeof value}` }
}

function readObject(value: object, depth: number): TemplateRead {
  const prototype = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) {
    return { ok: false, problem: `an object of class ${prototype?.constructor?.name ?? 'unknown'}` }
  }
  const entries: (readonly [readonly TextPiece[], TemplateValue])[] = []
  let refs = false
  for (const [key, field] of Object.entries(value)) {
    if (field === undefined) continue
    const part = readTemplate(field, depth + 1)
    if (!part.ok) return part
    const name = piecesOf(key)
    entries.push([name, part.value])
    refs ||= part.refs || name.some((piece) => typeof piece !== 'string')
  }
  return { ok: true, value: { fields: entries }, refs }
}
