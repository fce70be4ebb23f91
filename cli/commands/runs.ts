/** `kfp-ts runs`: the runs of this machine or of a cluster, newest first. */
import { setTimeout as sleep } from 'node:timers/promises'
import { closest } from '../../api/closest.ts'
import { InvalidInputError } from '../../api/issue.ts'
import { formatDuration, type Style, styleFor } from '../../local/progress/terminal.ts'
import { usageIssue } from '../errors.ts'
import { watchInterrupt } from '../interrupts.ts'
import { LOCAL_STATES, type LocalRunSummary, listRuns } from '../local-runs.ts'
import { isClusterTarget, rootOf, type TargetArgs, withTargetOptions } from '../target.ts'
import type { Command } from './index.ts'

export interface RunsArgs extends TargetArgs {
  readonly json: boolean
  readonly limit: number
  readonly watch: boolean
  readonly state: readonly string[]
  readonly pipeline: string | undefined
  readonly 'all-namespaces': boolean
  readonly deleted: boolean
}

export const command: Command<RunsArgs> = {
  command: 'runs',
  describe: 'List runs, newest first: those of this machine, or with -n or --cluster those of a cluster.',
  builder: (yargs) =>
    withTargetOptions(
      yargs
        .option('state', {
          alias: 's',
          type: 'string',
          array: true,
          default: [],
          describe: 'Only runs in this state, such as failed; repeatable',
        })
        .option('pipeline', { type: 'string', describe: 'Only runs of the pipeline of this name' })
        .option('limit', { type: 'number', default: 20, describe: 'How many' })
        .option('watch', { alias: 'w', type: 'boolean', default: false, describe: 'Go on showing them until Ctrl-C' })
        .option('all-namespaces', { alias: 'A', type: 'boolean', default: false, describe: 'Runs of every namespace' })
        .option('deleted', {
          type: 'boolean',
          default: false,
          describe: 'Runs whose resources were deleted, from the records of the kfp-ts server (cluster)',
        })
        .option('json', {
          type: 'boolean',
          default: false,
          describe: 'Print one JSON list; with --watch one object a change',
        }),
    )
      .example('$0 runs', 'the last 20 of this machine')
      .example('$0 runs -n ml --state failed', 'failed ones of a namespace of the cluster')
      .example('$0 runs --cluster --watch', 'look on')
      .example('$0 runs -n ml --deleted', 'those whose resources are gone')
      .example('$0 runs --json | jq -r ".[0].runId"', 'id of the newest'),
  handler: async (args) => {
    refuseLimit(args.limit)
    refuseDeleted(args)
    if (isClusterTarget(args) || args['all-namespaces'])
      return await (await import('../cluster/list-runs.ts')).listClusterRuns(args)
    const states = chosenStates(args.state, LOCAL_STATES)
    if (args.watch) await watchLocal(args, states)
    else await show(args, states)
  },
}

function refuseLimit(limit: number): void {
  if (Number.isInteger(limit) && limit > 0) return
  throw new InvalidInputError([usageIssue('wrong-limit', '--limit must be a whole number above 0')])
}

/** Records are told a namespace at a time, and do not change. */
function refuseDeleted(args: RunsArgs): void {
  if (!args.deleted) return
  const other = args.watch ? '--watch' : args['all-namespaces'] ? '--all-namespaces' : undefined
  if (other)
    throw new InvalidInputError([
      usageIssue('wrong-usage', `--deleted does not go with ${other}`, `leave ${other} out`),
    ])
  if (isClusterTarget(args)) return
  const message = '--deleted is about runs of a cluster'
  throw new InvalidInputError([usageIssue('wrong-usage', message, 'name a namespace with -n, or add --cluster')])
}

/**
 * The states that were asked for, however they are written; all of them when none was.
 *
 * @throws InvalidInputError naming those there are
 */
export function chosenStates(asked: readonly string[], known: readonly string[]): readonly string[] {
  const wanted = asked.flatMap((text) => text.split(','))
  const issues = wanted
    .filter((word) => !known.some((state) => isSame(state, word)))
    .map((word) => {
      const meant = closest(
        word.toLowerCase(),
        known.map((state) => state.toLowerCase()),
      )
      const hint = meant ? `did you mean "${meant}"?` : `there are: ${known.join(', ').toLowerCase()}`
      return usageIssue('unknown-state', `no run is ever in the state "${word}"`, hint)
    })
  if (issues.length > 0) throw new InvalidInputError(issues)
  return wanted.length === 0 ? known : known.filter((state) => wanted.some((word) => isSame(state, word)))
}

const isSame = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase()

async function chosenRuns(args: RunsArgs, states: readonly string[]): Promise<LocalRunSummary[]> {
  const isWanted = ({ state, pipeline }: LocalRunSummary) =>
    states.includes(state) && (args.pipeline === undefined || pipeline === args.pipeline)
  return (await listRuns(rootOf(args))).filter(isWanted).slice(0, args.limit)
}

async function show(args: RunsArgs, states: readonly string[]): Promise<void> {
  const runs = await chosenRuns(args, states)
  if (args.json) process.stdout.write(`${JSON.stringify(runs)}\n`)
  else process.stdout.write(table(runs, styleFor(process.stdout), rootOf(args)))
}

const WATCH_MILLIS = 1000

/** On a terminal the table is drawn anew; elsewhere each change is a line of its own. Until Ctrl-C. */
async function watchLocal(args: RunsArgs, states: readonly string[]): Promise<void> {
  const { signal, end } = watchInterrupt()
  const style = styleFor(process.stdout)
  const told = new Map<string, string>()
  let drawn = 0
  while (!signal.aborted) {
    const runs = await chosenRuns(args, states)
    if (process.stdout.isTTY && !args.json) {
      const text = table(runs.slice(0, (process.stdout.rows ?? 25) - 3), style, rootOf(args))
      process.stdout.write(`${drawn > 0 ? `\x1b[${drawn}A\x1b[0J` : ''}${text}`)
      drawn = text.split('\n').length - 1
    } else {
      for (const run of runs.toReversed()) {
        if (told.get(run.runId) !== run.state)
          process.stdout.write(args.json ? `${JSON.stringify(run)}\n` : `${run.state.padEnd(12)}${run.runId}\n`)
        told.set(run.runId, run.state)
      }
    }
    await sleep(WATCH_MILLIS, undefined, { signal }).catch(() => undefined)
  }
  end()
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
