/** `kfp-ts schedule create` (or `kfp-ts schedule FILE`): stores a pipeline with its schedule. */
import { formatIssue } from '../../api/issue.ts'
import { createSchedule } from '../schedules/create-schedule.ts'
import { nextRows, nextTable } from '../schedules/next-table.ts'
import { type DatabaseArgs, requireSchedule, withDatabase, withDatabaseOptions } from '../schedules/open.ts'
import { readScheduledPipeline, type TimingArgs } from '../schedules/read-scheduled.ts'
import { compileRow, specOfRow } from '../schedules/schedule-row.ts'
import type { Command } from './index.ts'

interface Args extends DatabaseArgs, TimingArgs {
  readonly file: string
  readonly pipeline: string | undefined
  readonly name: string | undefined
  readonly replace: boolean
  readonly json: boolean
}

export const command: Command<Args> = {
  command: ['create <file>', '$0 <file>'] as unknown as string,
  describe: 'Store a pipeline with its schedule',
  builder: (yargs) =>
    withDatabaseOptions(
      yargs
        .positional('file', { type: 'string', demandOption: true, describe: 'TypeScript file, or compiled pipeline' })
        .option('pipeline', { type: 'string', describe: 'Name of the pipeline, when the file exports several' })
        .option('name', { type: 'string', describe: 'Name of the schedule; that of the pipeline by default' })
        .option('cron', { type: 'string', describe: 'Five fields, six with the second first, or a preset' })
        .option('every', { type: 'string', describe: 'Even interval such as 90s or 1h30m', conflicts: 'cron' })
        .option('zone', { type: 'string', describe: 'IANA time zone; UTC by default' })
        .option('start', { type: 'string', describe: 'First instant, date or RFC 3339' })
        .option('end', { type: 'string', describe: 'Last logical date' })
        .option('catchup', {
          choices: ['All', 'Latest', 'None'] as const,
          describe: 'Which missed instants are made up',
        })
        .option('interval', { choices: ['Trigger', 'DataInterval'] as const, describe: 'What a run stands for' })
        .option('param', { alias: 'p', type: 'string', array: true, describe: 'NAME=VALUE; macros such as [[ds]]' })
        .option('replace', { type: 'boolean', default: false, describe: 'Take the place of the schedule of that name' })
        .option('json', { type: 'boolean', default: false, describe: 'Print one JSON object' }),
    ).example('$0 schedule create daily.ts --cron "0 6 * * 1-5" --zone Europe/Zurich', ''),
  handler: async (args) => {
    const { document, spec } = await readScheduledPipeline(args.file, args.pipeline, args)
    const name = args.name ?? document.spec.pipelineInfo.name
    await withDatabase(args, async (metadata) => {
      const { id, warnings } = await createSchedule(metadata, { name, spec, document, replace: args.replace })
      for (const issue of warnings) process.stderr.write(`${formatIssue(issue)}\n`)
      const row = await requireSchedule(metadata, name)
      const rows = nextRows(name, specOfRow(row), compileRow(row).schedule!, metadata.now(), 3)
      if (args.json) process.stdout.write(`${JSON.stringify({ name, id, next: rows })}\n`)
      else
        process.stdout.write(
          `schedule ${name} is stored; a running "kfp-ts serve" carries it out\n${nextTable(rows, spec.timeZone ?? 'UTC')}`,
        )
    })
  },
}
