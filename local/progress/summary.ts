/** What a person reads when a run is over: state, outputs, where artifacts lie, why it failed and what to do. */
import { existsSync } from 'node:fs'
import type { JsonValue } from '../../api/json.ts'
import type { RunReport, TaskReport } from '../../api/run-report.ts'
import { logPath, type RunPaths } from '../../store/run-folder.ts'
import { shortPath } from './plain.ts'
import { formatDuration, type Style, styleFor } from './terminal.ts'
import { leavesOf } from './tree.ts'

const MOST_ARTIFACTS = 12

export function printSummary(report: RunReport, paths: RunPaths, interrupted: boolean): void {
  const style = styleFor(process.stdout)
  const lines = [
    headline(report, interrupted, style),
    ...outputLines(report),
    ...artifactLines(report),
    ...errorLines(report, paths, style),
  ]
  lines.push(`run:  ${report.runId}`, `folder:  ${paths.folder}`)
  if (interrupted || report.state === 'FAILED') lines.push(`continue:  kfp-ts run --resume ${report.runId}`)
  process.stdout.write(`${lines.join('\n')}\n`)
}

function headline(report: RunReport, interrupted: boolean, style: Style): string {
  const leaves = leavesOf(report.tasks)
  const cached = leaves.filter((task) => task.cached).length
  const state = interrupted ? 'INTERRUPTED' : report.state
  const paint = state === 'SUCCEEDED' ? style.green : state === 'INTERRUPTED' ? style.yellow : style.red
  const took = interrupted ? '' : tookOf(report.tasks)
  const tasks = `${leaves.length} ${leaves.length === 1 ? 'task' : 'tasks'}`
  return `${paint(style.bold(state))}  ${report.pipeline}${took}: ${tasks}${cached ? `, ${cached} from cache` : ''}`
}

/** From the first start to the last end. */
function tookOf(tasks: readonly TaskReport[]): string {
  let [first, last] = [Number.POSITIVE_INFINITY, 0]
  for (const { startTime, endTime } of tasks) {
    if (startTime) first = Math.min(first, Date.parse(startTime))
    if (endTime) last = Math.max(last, Date.parse(endTime))
  }
  return last >= first ? ` in ${formatDuration(last - first)}` : ''
}

function outputLines(report: RunReport): string[] {
  const entries = Object.entries(report.outputs)
  return entries.length === 0 ? [] : ['outputs:', ...entries.map(([name, value]) => `  ${name} = ${show(value)}`)]
}

/** Artifacts of tasks; the same file is named once. */
function artifactLines(report: RunReport): string[] {
  const rows = new Map<string, string>()
  for (const task of leavesOf(report.tasks)) {
    for (const [output, artifacts] of Object.entries(task.outputs.artifacts)) {
      for (const { uri } of artifacts)
        if (uri && !rows.has(uri)) rows.set(uri, `  ${shortPath(task.path)}.${output}  ${uri}`)
    }
  }
  const all = [...rows.values()]
  if (all.length === 0) return []
  const more = all.length > MOST_ARTIFACTS ? [`  … and ${all.length - MOST_ARTIFACTS} more`] : []
  return ['artifacts:', ...all.slice(0, MOST_ARTIFACTS), ...more]
}

function errorLines(report: RunReport, paths: RunPaths, style: Style): string[] {
  if (!report.error) return []
  const failed = leavesOf(report.tasks).filter(
    (task): task is TaskReport & { error: object } => task.state === 'FAILED' && task.error !== undefined,
  )
  const lines = failed.length === 0 ? [style.red(`error: ${report.error.message}`)] : []
  for (const task of failed.slice(0, 3)) {
    lines.push(style.red(`error: ${shortPath(task.path)}: ${task.error.message}`))
    if (task.error.logTail) lines.push(...task.error.logTail.split('\n').map((line) => style.dim(`  | ${line}`)))
    // Imports, volumes and waits have none.
    if (existsSync(logPath(paths, task.path, task.attempts)))
      lines.push(`  whole log:  kfp-ts logs ${report.runId} ${shortPath(task.path)}`)
  }
  return lines
}

function show(value: JsonValue): string {
  const uri = (value as { uri?: unknown } | null)?.uri
  if (typeof uri === 'string') return uri
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return text.length > 200 ? `${text.slice(0, 199)}…` : text
}
