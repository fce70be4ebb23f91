/** `kfp-ts runs` of a cluster: one line a run. Pure. */
import type { PipelineRun } from '../../client/runs.ts'
import { fitLine, type Style } from '../../local/progress/terminal.ts'

export interface TableView {
  /** Columns of the terminal; undefined: lines are not cut. */
  readonly width?: number | undefined
  readonly now: number
  readonly style: Style
  readonly withNamespace: boolean
}

/** What scripts get by `--json`, in the words of the local list where both have them. */
export interface RunRow {
  readonly name: string
  readonly namespace: string
  readonly runId: string
  readonly pipeline: string
  readonly phase: string
  readonly progress: string
  readonly message: string
  /** Epoch milliseconds. */
  readonly createTime: number
  readonly endTime?: number
}

export function rowOf({ metadata, status }: PipelineRun): RunRow {
  return {
    name: metadata.name,
    namespace: metadata.namespace ?? '',
    runId: metadata.uid ?? '',
    pipeline: status?.pipeline ?? metadata.labels?.['pipelines.kfp-ts.dev/pipeline'] ?? '',
    phase: status?.phase ?? 'Pending',
    progress: status?.progress ?? '',
    message: status?.message ?? 'the operator has not looked at it yet',
    createTime: Date.parse(metadata.creationTimestamp ?? '') || 0,
    ...(status?.completionTime ? { endTime: Date.parse(status.completionTime) } : {}),
  }
}

/** Newest first; runs of one second by their names. */
export function newestFirst(rows: readonly RunRow[]): RunRow[] {
  return [...rows].sort((a, b) => b.createTime - a.createTime || a.name.localeCompare(b.name))
}

const HEAD = { phase: 'PHASE', name: 'RUN', namespace: 'NAMESPACE', pipeline: 'PIPELINE', progress: 'DONE' } as const
type Column = keyof typeof HEAD

export function runTable(rows: readonly RunRow[], view: TableView): string[] {
  const columns: readonly Column[] = view.withNamespace
    ? ['phase', 'namespace', 'name', 'pipeline', 'progress']
    : ['phase', 'name', 'pipeline', 'progress']
  const widths = columns.map((column) => Math.max(HEAD[column].length, ...rows.map((row) => row[column].length)) + 2)
  const cells = (row: Readonly<Record<Column, string>>) =>
    columns.map((column, index) => row[column].padEnd(widths[index]!)).join('')
  const cut = (text: string) => (view.width === undefined ? text : fitLine(text, view.width))
  const lines = rows.map((row) => {
    const line = cut(`${cells(row)}${ageOf(row, view.now).padEnd(6)}${row.message.split('\n')[0]}`)
    return paint(row.phase, view.style)(line.slice(0, widths[0])) + line.slice(widths[0])
  })
  return [view.style.dim(cut(`${cells(HEAD)}${'AGE'.padEnd(6)}MESSAGE`)), ...lines]
}

/** `40s`, `5m`, `3h`, `12d`, as kubectl shows it. */
export function ageOf({ createTime }: Pick<RunRow, 'createTime'>, now: number): string {
  const seconds = Math.max(0, Math.floor((now - createTime) / 1000))
  if (seconds < 120) return `${seconds}s`
  if (seconds < 7200) return `${Math.floor(seconds / 60)}m`
  return seconds < 48 * 3600 ? `${Math.floor(seconds / 3600)}h` : `${Math.floor(seconds / 86400)}d`
}

export function paint(phase: string, style: Style): (text: string) => string {
  if (phase === 'Succeeded') return style.green
  if (phase === 'Failed') return style.red
  return phase === 'Running' ? style.cyan : style.yellow
}
