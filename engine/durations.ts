/** Protobuf duration texts such as `60s` and `1.5s`. */

/** @returns milliseconds; undefined for what is no duration */
export function durationMillis(text: string | undefined): number | undefined {
  const match = /^(\d+(?:\.\d+)?)s$/.exec(text?.trim() ?? '')
  return match ? Math.round(Number(match[1]) * 1000) : undefined
}
