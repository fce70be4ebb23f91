/** Texts with references in them: the template tag, for those who like to see it. Plain template strings work as well. */
import type { ParameterRef } from './refs.ts'

/**
 * Text whose gaps are filled when the pipeline runs.
 *
 * @example greet({ message: text`hello ${name}, you are number ${count}` })
 */
export function text(
  parts: TemplateStringsArray,
  ...values: readonly (ParameterRef | string | number | boolean)[]
): string {
  return parts.map((part, index) => part + (index < values.length ? String(values[index]) : '')).join('')
}
