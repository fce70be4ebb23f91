/** Refuses references where the compiled document takes constants only, in texts such as `s3-${env}` too: nothing would fill them in. */
import { here } from './location.ts'
import { holdsRef, isRef } from './refs.ts'
import { currentScope, report } from './scope.ts'

export const MISPLACED_REFERENCE = 'misplaced-reference'

/** Where data holds references: as values, inside texts, or inside names of fields (told by the path of their object). */
export function pathsOfRefs(value: unknown, path = ''): readonly string[] {
  if (typeof value === 'string') return holdsRef(value) ? [path] : []
  if (isRef(value)) return [path]
  if (Array.isArray(value)) return value.flatMap((item, index) => pathsOfRefs(item, `${path}[${index}]`))
  if (!isPlainObject(value)) return []
  return Object.entries(value).flatMap(([name, field]) => {
    if (holdsRef(name)) return [path]
    return pathsOfRefs(field, path === '' ? name : `${path}.${name}`)
  })
}

function isPlainObject(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false
  const prototype = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

/** Whether there is no reference in a value; reports when there is. `what` begins the message. */
export function isConstant(value: unknown, what: string, hint: string): boolean {
  if (pathsOfRefs(value).length === 0) return true
  report(currentScope(what), {
    code: MISPLACED_REFERENCE,
    message: `${what} holds a reference, which cannot stand there: it has no value before the run`,
    hint,
    site: here(),
  })
  return false
}
