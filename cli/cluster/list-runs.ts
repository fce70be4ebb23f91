/** Lists the runs of a cluster once, or again whenever one changes. Before: commands/runs.ts. */
import { RUN_PHASES } from '../../api/pipeline-run.ts'
import { styleFor } from '../../local/progress/terminal.ts'
import { type ClusterRuns, withRuns } from '../cluster.ts'
import { chosenStates, type RunsArgs } from '../commands/runs.ts'
import { watchInterrupt } from '../interrupts.ts'
import { deletedRuns } from './deleted-runs.ts'
import { newestFirst, type RunRow, rowOf, runTable } from './run-table.ts'

export async function listClusterRuns(args: RunsArgs): Promise<void> {
  const states = chosenStates(args.state, RUN_PHASES)
  await withRuns(args, async (cluster) => {
    if (args.watch) return await watchList(args, states, cluster)
    const isWanted = ({ phase }: RunRow) => states.includes(phase)
    const all = args.deleted
      ? await deletedRuns(cluster, { pipeline: args.pipeline, limit: args.limit, isWanted })
      : (await cluster.runs.list(selectionOf(args))).map(rowOf)
    const rows = newestFirst(all.filter(isWanted)).slice(0, args.limit)
    if (args.json) process.stdout.write(`${JSON.stringify(rows)}\n`)
    else process.stdout.write(`${draw(args, rows, cluster, all.length).join('\n')}\n`)
  })
}

const selectionOf = (args: RunsArgs) => ({
  allNamespaces: args['all-namespaces'],
  ...(args.pipeline === undefined ? {} : { pipeline: args.pipeline }),
})

function draw(args: RunsArgs, rows: readonly RunRow[], { runs }: ClusterRuns, all: number): string[] {
  const where = args['all-namespaces'] ? 'any namespace' : `namespace ${runs.namespace}`
  if (rows.length === 0)
    return [`no ${all > 0 || args.pipeline ? 'such ' : ''}${args.deleted ? 'deleted ' : ''}runs in ${where}`]
  const width = process.stdout.isTTY ? process.stdout.columns : undefined
  const style = styleFor(process.stdout)
  return runTable(rows, { width, now: Date.now(), style, withNamespace: args['all-namespaces'] })
}

const FRAME_MILLIS = 500

/** On a terminal the table is drawn anew; elsewhere each change is a line of its own. Until Ctrl-C. */
async function watchList(args: RunsArgs, states: readonly string[], cluster: ClusterRuns): Promise<void> {
  const rows = new Map<string, RunRow>()
  const told = new Map<string, string>()
  const { signal, end } = watchInterrupt()
  const isLive = process.stdout.isTTY && !args.json
  let dirty = true
  let drawn = 0
  const tell = (row: RunRow) => {
    const line = args.json
      ? JSON.stringify(row)
      : `${row.phase.padEnd(10)} ${row.name}  ${row.progress}  ${row.message.split('\n')[0]}`
    if (told.get(row.runId) !== line) process.stdout.write(`${line}\n`)
    told.set(row.runId, line)
  }
  const frame = () => {
    if (!dirty) return
    dirty = false
    const chosen = newestFirst([...rows.values()].filter(({ phase }) => states.includes(phase)))
    const lines = draw(args, chosen.slice(0, Math.min(args.limit, (process.stdout.rows ?? 25) - 3)), cluster, rows.size)
    process.stdout.write(`${drawn > 0 ? `\x1b[${drawn}A\x1b[0J` : ''}${lines.join('\n')}\n`)
    drawn = lines.length
  }
  // Ages move on by themselves.
  const timers = isLive ? [setInterval(frame, FRAME_MILLIS), setInterval(() => (dirty = true), 10_000)] : []
  try {
    // A refusal is said; what goes wrong later is tried again.
    await cluster.runs.list(selectionOf(args))
    await cluster.runs.follow(
      selectionOf(args),
      (run, gone) => {
        const row = rowOf(run)
        dirty = true
        if (gone) rows.delete(row.runId)
        else rows.set(row.runId, row)
        if (!isLive && states.includes(row.phase)) tell(gone ? { ...row, phase: 'Deleted' } : row)
      },
      signal,
    )
  } finally {
    for (const timer of timers) clearInterval(timer)
    if (isLive) frame()
    end()
  }
}
