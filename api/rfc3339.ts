/** Times as texts. */

/** Epoch milliseconds of an RFC 3339 time with a zone, or undefined. */
export function parseRfc3339(text: string): number | undefined {
  const match = /^(\d{4})-(\d{2})-(\d{2})[Tt ]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})$/.exec(text)
  if (!match) return undefined
  const days = new Date(Date.UTC(Number(match[1]), Number(match[2]), 0)).getUTCDate()
  const at = Date.parse(text.replace(' ', 'T'))
  return Number(match[3]) > days || Number.isNaN(at) ? undefined : at
}
