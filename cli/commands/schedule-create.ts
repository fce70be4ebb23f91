/** `kfp-ts schedule create` (or `kfp-ts schedule FILE`): stores a pipeline with its schedule. */
import { formatIssue } from '../../api/issue.ts'
import type { Schedule } from '../../engine/schedule/compile-schedule.ts'
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
        .option('after-pipeline', {
          type: 'string',
          array: true,
          describe: 'Pipeline after whose successful runs it runs',
        })
        .option('after-schedule', { type: 'string', array: true, describe: 'The same for the runs of a schedule' })
        .option('on-artifact', {
          type: 'string',
          array: true,
          describe: 'File or s3: object whose new content makes a run',
        })
        .option('on-alias', { type: 'string', array: true, describe: 'MODEL@ALIAS whose new version makes a run' })
        .option('webhook', {
          type: 'boolean',
          default: false,
          describe: 'POST /api/v1/schedules/NAME/webhook makes a run',
        })
        .option('param', {
          alias: 'p',
          type: 'string',
          array: true,
          describe: 'NAME=VALUE; macros such as [[ds]], [[trigger.run_id]]',
        })
        .option('replace', { type: 'boolean', default: false, describe: 'Take the place of the schedule of that name' })
        .option('json', { type: 'boolean', default: false, describe: 'Print one JSON object' }),
    )
      .example('$0 schedule create daily.ts --cron "0 6 * * 1-5" --zone Europe/Zurich', '')
      .example(
        '$0 schedule create report.yaml --after-pipeline training -p run=[[trigger.run_id]]',
        'after each run of training',
      ),
  handler: async (args) => {
    const { document, spec } = await readScheduledPipeline(args.file, args.pipeline, args)
    const name = args.name ?? document.spec.pipelineInfo.name
    await withDatabase(args, async (metadata) => {
      const { id, warnings } = await createSchedule(metadata, { name, spec, document, replace: args.replace })
      for (const issue of warnings) process.stderr.write(`${formatIssue(issue)}\n`)
      const row = await requireSchedule(metadata, name)
      const schedule = compileRow(row).schedule!
      const rows = nextRows(name, specOfRow(row), schedule, metadata.now(), 3)
      const table = schedule.kind === 'manual' ? '' : nextTable(rows, spec.timeZone ?? 'UTC')
      if (args.json) process.stdout.write(`${JSON.stringify({ name, id, next: rows })}\n`)
      else
        process.stdout.write(
          `schedule ${name} is stored; a running "kfp-ts serve" carries it out\n${table}${listensTo(schedule)}`,
        )
    })
  },
}

function listensTo({ triggers, triggerPolicy }: Schedule): string {
  if (triggers.length === 0) return ''
  const word = triggerPolicy === 'All' ? ' and ' : ', or '
  return `a run is made when ${triggers.map(({ source }) => source).join(word)}\n`
}
