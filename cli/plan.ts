/** What `--dry-run` prints: which tasks will run, and why. */
import type { PlannedTask } from '../client/server-api.ts'
import { shortPath } from '../local/progress/plain.ts'
import { countOf, type Style, styleFor } from '../local/progress/terminal.ts'
import { EXIT } from './errors.ts'

interface Row {
  readonly name: string
  readonly decision: string
  readonly reason: string
  readonly changes: PlannedTask['changes']
  count: number
}

const WORDS: readonly (readonly [decision: string, words: string])[] = [
  ['run', 'run'],
  ['depends', 'may run'],
  ['keep', 'stay'],
  ['reuse', 'reused'],
  ['cache', 'from the cache'],
  ['skip', 'skipped'],
  ['fail', 'can not run'],
]
/** More lines are counted. */
const MOST_LINES = 200
const MOST_CHANGES = 5

/** On stdout; with `json` as one object. Exit status 1 when a task could not run. */
export function tellPlan(json: boolean, tasks: readonly PlannedTask[]): void {
  if (json) process.stdout.write(`${JSON.stringify({ tasks })}\n`)
  else process.stdout.write(`${planLines(tasks, styleFor(process.stdout)).join('\n')}\n`)
  if (tasks.some(({ decision }) => decision === 'fail')) process.exitCode = EXIT.failed
}

/** Iterations of a loop of which the same is said are one line. */
export function planLines(tasks: readonly PlannedTask[], style: Style): string[] {
  const rows = foldIterations(tasks)
  const counts = WORDS.flatMap(([decision, words]) => {
    const count = tasks.filter((task) => task.decision === decision).length
    return count > 0 ? [`${count} ${words}`] : []
  })
  const width = Math.min(60, Math.max(0, ...rows.map(({ name }) => name.length)))
  const shown = rows.slice(0, MOST_LINES)
  const more =
    rows.length > shown.length ? [`  … and ${countOf(rows.length - shown.length, 'line')} more (--json has all)`] : []
  return [
    `${countOf(tasks.length, 'task')}: ${counts.join(', ') || 'none'}`,
    ...shown.flatMap((row) => [
      `  ${row.name.padEnd(width)}  ${paint(row.decision, style)(row.decision.padEnd(7))}  ${row.reason}`,
      ...changeLines(row, width, style),
    ]),
    ...more,
  ]
}

function changeLines({ changes = [] }: Row, width: number, style: Style): string[] {
  const indent = ' '.repeat(width + 13)
  return changes
    .slice(0, MOST_CHANGES)
    .map(({ part, before, now }) => style.dim(`${indent}${part}: ${before ?? '(absent)'} -> ${now ?? '(absent)'}`))
}

function foldIterations(tasks: readonly PlannedTask[]): Row[] {
  const rows = new Map<string, Row>()
  for (const { task, decision, reason, changes } of tasks) {
    const loop = task.replaceAll(/\[\d+\]/g, '[*]')
    const key = `${loop} ${decision} ${loop === task ? '' : (changes ?? []).map(({ part }) => part).join()} ${reason}`
    const row = rows.get(key)
    if (row) row.count++
    else rows.set(key, { name: shortPath(task), decision, reason, changes, count: 1 })
  }
  return [...rows.values()].map((row) =>
    row.count === 1
      ? row
      : { ...row, name: `${row.name.replaceAll(/\[\d+\]/g, '[*]')} (${row.count} iterations)`, changes: undefined },
  )
}

function paint(decision: string, style: Style): (text: string) => string {
  if (decision === 'run') return style.yellow
  if (decision === 'fail') return style.red
  return decision === 'depends' ? style.cyan : style.green
}
