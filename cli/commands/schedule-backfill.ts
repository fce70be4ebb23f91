/** `kfp-ts schedule backfill`: runs a schedule's past dates, or shows what it would do. */
import { InvalidInputError } from '../../api/issue.ts'
import type { BackfillSpec } from '../../api/scheduled-run.ts'
import { compileBackfill, decideTick } from '../../engine/schedule/backfill.ts'
import { formatInstant } from '../../engine/schedule/run-names.ts'
import { insertBackfill, observeRuns } from '../../store/metadata/schedules.ts'
import {
  type DatabaseArgs,
  readInstant,
  requireSchedule,
  withDatabase,
  withDatabaseOptions,
} from '../schedules/open.ts'
import { parametersOf } from '../schedules/read-scheduled.ts'
import { compileRow, factOf } from '../schedules/schedule-row.ts'
import type { Command } from './index.ts'

interface Args extends DatabaseArgs {
  readonly name: string
  readonly from: string
  readonly to: string
  readonly reprocess: 'None' | 'Failed' | 'Completed'
  readonly 'max-active-runs': number
  readonly reverse: boolean
  readonly param: readonly string[] | undefined
  readonly 'dry-run': boolean
  readonly json: boolean
}

export const command: Command<Args> = {
  command: 'backfill <name>',
  describe: 'Run the past dates of a schedule',
  builder: (yargs) =>
    withDatabaseOptions(
      yargs
        .positional('name', { type: 'string', demandOption: true, describe: 'Schedule' })
        .option('from', { type: 'string', demandOption: true, describe: 'First logical date, inclusive' })
        .option('to', { type: 'string', demandOption: true, describe: 'Last logical date, inclusive' })
        .option('reprocess', {
          choices: ['None', 'Failed', 'Completed'] as const,
          default: 'None' as const,
          describe: 'Which dates that ran are run again',
        })
        .option('max-active-runs', {
          type: 'number',
          default: 10,
          describe: 'Runs at once, besides those of the schedule',
        })
        .option('reverse', { type: 'boolean', default: false, describe: 'Newest first' })
        .option('param', {
          alias: 'p',
          type: 'string',
          array: true,
          describe: 'NAME=VALUE, laid over those of the schedule',
        })
        .option('dry-run', { type: 'boolean', default: false, describe: 'Show what would be done with each date' })
        .option('json', { type: 'boolean', default: false, describe: 'Print one JSON object' }),
    ).example('$0 schedule backfill nightly --from 2026-01-01 --to 2026-01-31 --dry-run', ''),
  handler: async (args) => {
    const [from, to] = [readInstant(args.from, '--from'), readInstant(args.to, '--to')]
    const spec: BackfillSpec = {
      scheduleRef: { name: args.name },
      from: formatInstant(from),
      to: formatInstant(to),
      reprocess: args.reprocess,
      maxActiveRuns: args['max-active-runs'],
      reverse: args.reverse,
      ...(args.param ? { parameters: parametersOf(args.param) } : {}),
    }
    await withDatabase(args, async (metadata) => {
      const row = await requireSchedule(metadata, args.name)
      const compiled = compileRow(row)
      if (!compiled.schedule) throw new InvalidInputError(compiled.issues)
      const now = metadata.now()
      const name = `${args.name}-${now.toString(36)}`
      const { backfill, issues } = compileBackfill(name, spec, compiled.schedule, now)
      if (!backfill) throw new InvalidInputError(issues)
      const facts = (await observeRuns(metadata.db, row.recurring_run_id, undefined, { from, to })).map(factOf)
      const ticks = backfill.slots
        .map((slot) => decideTick(backfill, slot, facts))
        .map((tick) => ({ ...tick, logicalDate: formatInstant(tick.logicalDate) }))
      if (!args['dry-run']) {
        const stored = {
          recurring_run_id: row.recurring_run_id,
          name,
          created_at: now,
          spec: JSON.stringify(spec),
          state: '{"outcomes":[]}',
          phase: 'Running' as const,
        }
        await metadata.transaction((db) => insertBackfill(db, stored))
      }
      if (args.json) process.stdout.write(`${JSON.stringify({ backfill: name, dryRun: args['dry-run'], ticks })}\n`)
      else if (args['dry-run'])
        for (const tick of ticks) process.stdout.write(`${tick.logicalDate}  ${tick.outcome.padEnd(14)}${tick.run}\n`)
      else
        process.stdout.write(
          `backfill ${name} of ${ticks.length} dates is stored; a running "kfp-ts serve" carries it out\n`,
        )
    })
  },
}
