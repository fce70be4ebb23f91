/**
 * Several copies of kfp-ts may meet in one process: the command line's, and one that a package of components brought along.
 * Brands and slots under registered symbols make them see each other's objects.
 */

/** A mark that all copies know; for `static [Symbol.hasInstance]`. */
export function brandOf(name: string): symbol {
  return Symbol.for(`kfp-ts.brand.${name}`)
}

export function hasBrand(value: unknown, brand: symbol): boolean {
  return typeof value === 'object' && value !== null && brand in value
}

/** One variable for all copies. */
export function sharedSlot<T>(name: string, initial: T): { value: T } {
  const key = Symbol.for(`kfp-ts.slot.${name}`)
  const holder = globalThis as unknown as Record<symbol, { value: T } | undefined>
  holder[key] ??= { value: initial }
  return holder[key]
}
