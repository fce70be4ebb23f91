/** Command line of a step: `Concat` and `IfPresent` texts are worked out first, then placeholders. */
import type { JsonValue } from '../api/json.ts'
import { parseJson } from './convert-value.ts'
import { hasPlaceholder, type PlaceholderScope, substitute } from './placeholders.ts'
import { TaskError } from './task-error.ts'

const MAX_NESTING = 100

/**
 * @param elements of `command` or `args`, as written in the pipeline
 * @returns the arguments; one element may become several or none
 * @throws TaskError when an input is missing or a form is malformed
 */
export function buildArgv(elements: readonly string[], scope: PlaceholderScope): string[] {
  const argv: string[] = []
  for (const element of elements) {
    if (!isForm(element)) argv.push(hasPlaceholder(element) ? substitute(element, scope) : element)
    else for (const text of expand(formOf(element), scope, 0)) argv.push(substitute(text, scope))
  }
  return argv
}

function isForm(element: string): boolean {
  return element.charCodeAt(0) === 123 && /^\{\s*"(?:Concat|IfPresent)"\s*:/.test(element)
}

/** A text that only begins like a form is an argument like any other. */
function formOf(element: string): JsonValue {
  return parseJson(element) ?? element
}

function expand(form: JsonValue | undefined, scope: PlaceholderScope, depth: number): string[] {
  if (depth > MAX_NESTING) throw new TaskError('placeholder-error', `Concat and IfPresent are nested too deep`)
  if (typeof form === 'string') return [form]
  if (Array.isArray(form)) return form.flatMap((part: JsonValue) => expand(part, scope, depth + 1))
  if (typeof form === 'number' || typeof form === 'boolean') return [String(form)]
  const { Concat: parts, IfPresent: choice } = (form ?? {}) as { Concat?: JsonValue; IfPresent?: JsonValue }
  if (Array.isArray(parts)) return [parts.map((part: JsonValue) => single(part, scope, depth)).join('')]
  if (typeof choice === 'object' && choice !== null) {
    const { InputName: name, Then: then, Else: otherwise } = choice as Record<string, JsonValue | undefined>
    const branch = isPresent(String(name), scope) ? then : otherwise
    return branch === undefined || branch === null ? [] : expand(branch, scope, depth + 1)
  }
  throw new TaskError('placeholder-error', `neither Concat nor IfPresent: ${JSON.stringify(form)}`)
}

/** Inside Concat an optional part may vanish, but not become several arguments. */
function single(part: JsonValue, scope: PlaceholderScope, depth: number): string {
  const texts = expand(part, scope, depth + 1)
  if (texts.length <= 1) return texts[0] ?? ''
  throw new TaskError('placeholder-error', `a part of Concat gives ${texts.length} texts: ${JSON.stringify(part)}`)
}

function isPresent(name: string, scope: PlaceholderScope): boolean {
  return scope.parameter(name) !== undefined || (scope.artifacts(name)?.length ?? 0) > 0
}
