/** `kfp-ts schedule list`: every schedule with its next instant and why it waits. */
import type { ScheduleTiming, ScheduleTrigger } from '../../api/scheduled-run.ts'
import { listSchedules } from '../../store/metadata/schedules.ts'
import { type DatabaseArgs, withDatabase, withDatabaseOptions } from '../schedules/open.ts'
import { specOfRow } from '../schedules/schedule-row.ts'
import type { Command } from './index.ts'

export const command: Command<DatabaseArgs & { readonly json: boolean }> = {
  command: 'list',
  describe: 'List the schedules',
  builder: (yargs) =>
    withDatabaseOptions(yargs.option('json', { type: 'boolean', default: false, describe: 'Print one JSON list' })),
  handler: async (args) => {
    await withDatabase(args, async (metadata) => {
      const rows = (await listSchedules(metadata.db)).map((row) => {
        const { schedule, triggers = [], timeZone = 'UTC' } = specOfRow(row)
        const standing = JSON.parse(row.standing) as { reason: string; message: string }[]
        const waiting = standing.find(({ reason }) => reason !== 'Scheduled' && reason !== 'Triggered')
        const next = row.next_at === null || row.enabled === 0 ? null : new Date(row.next_at).toISOString()
        return {
          name: row.name,
          timing: [
            ...(schedule || triggers.length === 0 ? [timingText(schedule)] : []),
            ...triggers.map(triggerText),
          ].join(' + '),
          timeZone,
          runs: row.next_index - 1,
          next,
          standing: waiting ? `${waiting.reason}: ${waiting.message}` : '',
        }
      })
      if (args.json) process.stdout.write(`${JSON.stringify(rows)}\n`)
      else if (rows.length === 0) process.stdout.write('no schedules\n')
      else {
        const width = Math.max(...rows.map(({ name }) => name.length), 4) + 2
        const whenWidth = Math.max(...rows.map(({ timing }) => timing.length + 2), 22)
        process.stdout.write(
          `${'NAME'.padEnd(width)}${'WHEN'.padEnd(whenWidth)}${'ZONE'.padEnd(18)}${'RUNS'.padEnd(6)}${'NEXT RUN (UTC)'.padEnd(22)}STANDING\n`,
        )
        for (const row of rows) {
          const next = row.next?.slice(0, 19).replace('T', ' ') ?? '-'
          process.stdout.write(
            `${row.name.padEnd(width)}${row.timing.padEnd(whenWidth)}${row.timeZone.padEnd(18)}${String(row.runs).padEnd(6)}${next.padEnd(22)}${row.standing}\n`,
          )
        }
      }
    })
  },
}

function timingText(timing: ScheduleTiming | undefined): string {
  if (timing === undefined) return 'by hand'
  if ('cron' in timing) return timing.cron
  if ('cronSeconds' in timing) return timing.cronSeconds
  return 'every' in timing ? `every ${timing.every}` : Object.keys(timing)[0]!
}

/** Short; `schedule explain` has the sentence. */
function triggerText({ afterRun, artifact, alias }: ScheduleTrigger): string {
  if (afterRun) return `after ${afterRun.pipeline ?? `schedule ${afterRun.schedule}`}`
  if (artifact) return `new ${artifact.uri ?? `${artifact.pipeline}.${artifact.output}`}`
  return alias ? `${alias.model}@${alias.alias}` : 'webhook'
}
