/** Kubernetes quantities of memory (`512Mi`, `1.5G`) as bytes and back; for memory that grows after an OOM kill. */

const UNITS: Readonly<Record<string, number>> = {
  m: 1e-3,
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
}

/** Bytes, or undefined for text that is no quantity of memory. */
export function parseQuantity(text: string): number | undefined {
  const match = /^(\d+\.?\d*|\.\d+)(?:([eE][+-]?\d+)|(m|k|[MGTPE]|[KMGTPE]i)?)$/.exec(text.trim())
  return match ? Number(`${match[1]}${match[2] ?? ''}`) * UNITS[match[3] ?? '']! : undefined
}

/** `quantity` times `factor`, at most `max`, in whole bytes; text that can't be read stays as it is. */
export function scaleQuantity(quantity: string, factor: number, max?: string): string {
  const bytes = parseQuantity(quantity)
  if (bytes === undefined) return quantity
  const bound = max === undefined ? undefined : parseQuantity(max)
  return String(Math.ceil(Math.min(bytes * factor, Math.max(bound ?? Number.POSITIVE_INFINITY, bytes))))
}
