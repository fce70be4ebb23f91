/** Compares an IR document with a golden, as the KFP SDK compares its own: what the golden says must be there. */

const IGNORED = new Set(['command', 'image', 'sdkVersion'])
/** Texts about the inputs of createpvc and deletepvc: documentation of the Python package, not of the pipeline. */
const LIBRARY_TEXT = /^components\.comp-(create|delete)pvc(-\d+)?\.inputDefinitions\.parameters\.\w+\.description$/

/** @returns one line a difference, with its path; empty when everything that the golden says is there */
export function missingFrom(golden: unknown, ours: unknown, path = ''): string[] {
  if (Array.isArray(golden)) {
    if (!Array.isArray(ours)) return [`${path}: ${show(golden)} wanted, got ${show(ours)}`]
    const lengths =
      golden.length === ours.length ? [] : [`${path}: ${golden.length} items wanted, got ${ours.length}: ${show(ours)}`]
    return [...lengths, ...golden.flatMap((item, index) => missingFrom(item, ours[index], `${path}[${index}]`))]
  }
  if (typeof golden === 'object' && golden !== null) {
    // Absence means something here: no `enableCache` turns caching off.
    if (path.endsWith('.cachingOptions') && JSON.stringify(golden) !== JSON.stringify(ours)) {
      return [`${path}: ${show(golden)} wanted, got ${show(ours)}`]
    }
    if (typeof ours !== 'object' || ours === null) return [`${path}: ${show(golden)} wanted, got ${show(ours)}`]
    return Object.entries(golden).flatMap(([key, value]) =>
      isCompared(key, path) ? missingFrom(value, (ours as Record<string, unknown>)[key], joined(path, key)) : [],
    )
  }
  return golden === ours ? [] : [`${path}: ${show(golden)} wanted, got ${show(ours)}`]
}

const joined = (path: string, key: string) => (path ? `${path}.${key}` : key)
const isCompared = (key: string, path: string) => !IGNORED.has(key) && !LIBRARY_TEXT.test(joined(path, key))

const show = (value: unknown) => {
  const text = JSON.stringify(value) ?? 'nothing'
  return text.length > 300 ? `${text.slice(0, 300)}…` : text
}
