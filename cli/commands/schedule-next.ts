/** `kfp-ts schedule next`: the next instants of a stored schedule, or of a cron that is only being thought about. */
import { InvalidInputError } from '../../api/issue.ts'
import { parseScheduledRunSpec } from '../../api/parse-scheduled-run.ts'
import { scheduleSpecOf } from '../../api/schedule-options.ts'
import type { ScheduledRunSpec } from '../../api/scheduled-run.ts'
import { compileSchedule } from '../../engine/schedule/compile-schedule.ts'
import { usageIssue } from '../errors.ts'
import { nextRows, nextTable } from '../schedules/next-table.ts'
import {
  type DatabaseArgs,
  readInstant,
  requireSchedule,
  withDatabase,
  withDatabaseOptions,
} from '../schedules/open.ts'
import { type TimingArgs, withTiming } from '../schedules/read-scheduled.ts'
import { specOfRow } from '../schedules/schedule-row.ts'
import type { Command } from './index.ts'

interface Args extends DatabaseArgs, TimingArgs {
  readonly name: string | undefined
  readonly count: number
  readonly after: string | undefined
  readonly json: boolean
}

export const command: Command<Args> = {
  command: 'next [name] [count]',
  describe: 'Show the next instants, in the zone and in UTC, with what daylight saving does to them',
  builder: (yargs) =>
    withDatabaseOptions(
      yargs
        .positional('name', { type: 'string', describe: 'Schedule; or give --cron or --every' })
        .positional('count', { type: 'number', default: 5, describe: 'How many' })
        .option('cron', { type: 'string', describe: 'A cron to try' })
        .option('every', { type: 'string', describe: 'An interval to try', conflicts: 'cron' })
        .option('zone', { type: 'string', describe: 'Its time zone' })
        .option('interval', { choices: ['Trigger', 'DataInterval'] as const, describe: 'What a run stands for' })
        .option('after', { type: 'string', describe: 'Date or time to begin at; now by default' })
        .option('json', { type: 'boolean', default: false, describe: 'Print one JSON list' }),
    )
      .example('$0 schedule next nightly 10', '')
      .example(
        '$0 schedule next --cron "30 2 * * *" --zone America/New_York --after 2026-03-07',
        'the night the clock changes',
      ),
  handler: async (args) => {
    const after = args.after === undefined ? Date.now() : readInstant(args.after, '--after') - 1
    const { name, spec, createdAt } = await scheduleAsked(args, after)
    const { schedule, issues } = compileSchedule(name, spec, createdAt)
    if (!schedule) throw new InvalidInputError(issues)
    const count = Number(args.count)
    if (!Number.isInteger(count) || count < 1 || count > 10_000)
      throw new InvalidInputError([
        usageIssue('wrong-count', `${args.count} is no count`, 'write a number from 1 to 10000'),
      ])
    const rows = nextRows(name, spec, schedule, after, count)
    process.stdout.write(args.json ? `${JSON.stringify(rows)}\n` : nextTable(rows, schedule.zone.name))
  },
}

async function scheduleAsked(
  args: Args,
  after: number,
): Promise<{ name: string; spec: ScheduledRunSpec; createdAt: number }> {
  if (args.cron === undefined && args.every === undefined) {
    const { name } = args
    if (name === undefined)
      throw new InvalidInputError([usageIssue('no-schedule', 'no schedule is named', 'give a name, --cron or --every')])
    return await withDatabase(args, async (metadata) => {
      const row = await requireSchedule(metadata, name)
      return { name: row.name, spec: specOfRow(row), createdAt: row.created_at }
    })
  }
  const parsed = parseScheduledRunSpec({
    ...scheduleSpecOf(withTiming({}, args)),
    runTemplate: { pipelineRef: { name: 'none' } },
  })
  if (!parsed.spec) throw new InvalidInputError(parsed.issues)
  return { name: 'trial', spec: parsed.spec, createdAt: after }
}
