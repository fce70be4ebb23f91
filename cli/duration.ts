/** Durations of the command line: `90`, `90s`, `5m`, `1h30m`, `500ms`. */
import { InvalidInputError } from '../api/issue.ts'
import { usageIssue } from './errors.ts'

const UNIT_MILLIS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** @throws InvalidInputError naming the option */
export function parseDurationMillis(text: string, option: string): number {
  if (/^\d+(\.\d+)?$/.test(text)) return Math.round(Number(text) * 1000)
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)]
  const isWhole = parts.length > 0 && parts.map(([part]) => part).join('') === text
  if (isWhole) return Math.round(parts.reduce((sum, [, digits, unit]) => sum + Number(digits) * UNIT_MILLIS[unit!]!, 0))
  throw new InvalidInputError([
    usageIssue('wrong-duration', `--${option} ${text} is not a duration`, 'write it as 90s, 5m or 1h30m'),
  ])
}
