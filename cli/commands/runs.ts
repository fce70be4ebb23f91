/** `kfp-ts runs`: the runs that were started on this machine under a root, newest first. */
import { resolve } from 'node:path'
import { formatDuration, type Style, styleFor } from '../../local/progress/terminal.ts'
import { DEFAULT_ROOT } from '../../store/run-folder.ts'
import { type LocalRunSummary, listRuns } from '../local-runs.ts'
import type { Command } from './index.ts'

interface RunsArgs {
  readonly root: string
  readonly json: boolean
  readonly limit: number
}

export const command: Command<RunsArgs> = {
  command: 'runs',
  describe: 'List the runs of this machine, newest first.',
  builder: (yargs) =>
    yargs
      .option('root', { type: 'string', default: DEFAULT_ROOT, describe: 'Folder for runs and cache' })
      .option('limit', { type: 'number', default: 20, describe: 'How many' })
      .option('json', { type: 'boolean', default: false, describe: 'Print one JSON list' })
      .example('$0 runs', 'the last 20')
      .example('$0 runs --json | jq -r ".[0].runId"', 'id of the newest'),
  handler: async ({ root, json, limit }) => {
    const runs = (await listRuns(resolve(root))).slice(0, limit)
    if (json) process.stdout.write(`${JSON.stringify(runs)}\n`)
    else process.stdout.write(table(runs, styleFor(process.stdout), resolve(root)))
  },
}

function table(runs: readonly LocalRunSummary[], style: Style, root: string): string {
  if (runs.length === 0) return `no runs in ${root}\n`
  const idWidth = Math.max(...runs.map(({ runId }) => runId.length))
  const head = style.dim(`${'STATE'.padEnd(12)}${'RUN'.padEnd(idWidth + 2)}${'STARTED'.padEnd(21)}TOOK`)
  const rows = runs.map(({ state, runId, createTime, endTime }) => {
    const started = new Date(createTime).toISOString().slice(0, 19).replace('T', ' ')
    const took = endTime === undefined ? '' : formatDuration(endTime - createTime)
    return `${paint(state, style)(state.padEnd(12))}${runId.padEnd(idWidth + 2)}${started.padEnd(21)}${took}`
  })
  return `${[head, ...rows].join('\n')}\n`
}

function paint(state: LocalRunSummary['state'], style: Style): (text: string) => string {
  if (state === 'SUCCEEDED') return style.green
  if (state === 'RUNNING') return style.cyan
  return state === 'FAILED' ? style.red : style.yellow
}
