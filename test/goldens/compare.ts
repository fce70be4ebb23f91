/** Compares an IR document with a golden, as the KFP SDK compares its own: what the golden says must be there. */

const IGNORED = new Set(['command', 'image', 'sdkVersion'])

/** @returns one line a difference, with its path; empty when everything that the golden says is there */
export function missingFrom(golden: unknown, ours: unknown, path = ''): string[] {
  if (Array.isArray(golden)) {
    if (!Array.isArray(ours)) return [`${path}: ${show(golden)} wanted, got ${show(ours)}`]
    const lengths = golden.length === ours.length ? [] : [`${path}: ${golden.length} items wanted, got ${ours.length}: ${show(ours)}`]
    return [...lengths, ...golden.flatMap((item, index) => missingFrom(item, ours[index], `${path}[${index}]`))]
  }
  if (typeof golden === 'object' && golden !== null) {
    if (typeof ours !== 'object' || ours === null) return [`${path}: ${show(golden)} wanted, got ${show(ours)}`]
    return Object.entries(golden).flatMap(([key, value]) =>
      IGNORED.has(key) ? [] : missingFrom(value, (ours as Record<string, unknown>)[key], path ? `${path}.${key}` : key),
    )
  }
  return golden === ours ? [] : [`${path}: ${show(golden)} wanted, got ${show(ours)}`]
}

const show = (value: unknown) => {
  const text = JSON.stringify(value) ?? 'nothing'
  return text.length > 300 ? `${text.slice(0, 300)}…` : text
}
