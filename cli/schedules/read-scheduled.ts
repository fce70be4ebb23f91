/** A pipeline file and the schedule that stands beside the pipeline in it, changed by the command line. */
import { InvalidInputError } from '../../api/issue.ts'
import type { PipelineDocument } from '../../api/platform-spec.ts'
import { type ScheduleOptions, scheduleSpecOf, triggers } from '../../api/schedule-options.ts'
import type { ScheduleTrigger } from '../../api/scheduled-run.ts'
import { usageIssue } from '../errors.ts'
import { isSourceFile, readPipelineFile } from '../pipeline-file.ts'

/** Options of the command line that replace what the file says. */
export interface TimingArgs {
  readonly cron?: string | undefined
  readonly every?: string | undefined
  readonly zone?: string | undefined
  readonly start?: string | undefined
  readonly end?: string | undefined
  readonly catchup?: 'All' | 'Latest' | 'None' | undefined
  readonly interval?: 'Trigger' | 'DataInterval' | undefined
  readonly param?: readonly string[] | undefined
  readonly 'after-pipeline'?: readonly string[] | undefined
  readonly 'after-schedule'?: readonly string[] | undefined
  readonly 'on-artifact'?: readonly string[] | undefined
  readonly 'on-alias'?: readonly string[] | undefined
  readonly webhook?: boolean | undefined
}

export interface ScheduledPipeline {
  readonly document: PipelineDocument
  readonly spec: ReturnType<typeof scheduleSpecOf>
}

export async function readScheduledPipeline(
  file: string,
  pipeline: string | undefined,
  timing: TimingArgs,
): Promise<ScheduledPipeline> {
  const document = await readPipelineFile(file, pipeline)
  const written = isSourceFile(file) ? await scheduleInModule(file, pipeline) : undefined
  const asked = timing.cron !== undefined || timing.every !== undefined || triggersOf(timing).length > 0
  if (written === undefined && !asked) {
    throw new InvalidInputError([
      {
        ...usageIssue(
          'no-schedule',
          'the pipeline has no schedule',
          "add `schedule: { cron: '@daily' }` to its options, or give --cron, --every, --after-pipeline or another trigger",
        ),
        location: { file },
      },
    ])
  }
  return { document, spec: scheduleSpecOf(withTiming(written ?? {}, timing)) }
}

async function scheduleInModule(file: string, pipeline: string | undefined): Promise<ScheduleOptions | undefined> {
  const { loadPipelines, selectPipeline } = await import('../../compiler/index.ts')
  return selectPipeline(await loadPipelines(file), pipeline).model.schedule
}

export function withTiming(written: ScheduleOptions, timing: TimingArgs): ScheduleOptions {
  const { cron, every, zone, start, end, catchup, interval, param } = timing
  const { cron: _, cronSeconds: __, every: ___, once: ____, continuous: _____, ...untimed } = written
  const kept = cron === undefined && every === undefined ? written : untimed
  const six = cron?.trim().split(/\s+/).length === 6
  const all = [...(written.triggers ?? []), ...triggersOf(timing)]
  const parameters = { ...written.parameters, ...parametersOf(param ?? []) }
  return {
    ...kept,
    ...(cron === undefined ? {} : six ? { cronSeconds: cron } : { cron }),
    ...(every === undefined ? {} : { every }),
    ...(zone === undefined ? {} : { timeZone: zone }),
    ...(start === undefined ? {} : { startTime: dayOrTime(start) }),
    ...(end === undefined ? {} : { endTime: dayOrTime(end) }),
    ...(catchup === undefined ? {} : { catchup }),
    ...(interval === undefined ? {} : { interval }),
    ...(all.length > 0 ? { triggers: all } : {}),
    ...(Object.keys(parameters).length > 0 ? { parameters } : {}),
  }
}

function triggersOf(timing: TimingArgs): ScheduleTrigger[] {
  const {
    'after-pipeline': after = [],
    'after-schedule': afterSchedule = [],
    'on-artifact': artifacts = [],
    'on-alias': aliases = [],
  } = timing
  return [
    ...after.map((pipeline) => triggers.afterRun(pipeline)),
    ...afterSchedule.map((schedule) => triggers.afterSchedule(schedule)),
    ...artifacts.map((uri) => triggers.artifact(uri)),
    ...aliases.map(aliasOf),
    ...(timing.webhook ? [triggers.webhook()] : []),
  ]
}

function aliasOf(text: string): ScheduleTrigger {
  const at = text.lastIndexOf('@')
  if (at > 0 && at < text.length - 1) return triggers.alias(text.slice(0, at), text.slice(at + 1))
  throw new InvalidInputError([usageIssue('wrong-alias', `--on-alias ${text}: an alias is given as MODEL@ALIAS`)])
}

const dayOrTime = (text: string) => (/^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text}T00:00:00Z` : text)

/** Texts: the declared type of the input reads them when a run starts. */
export function parametersOf(params: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    params.map((text) => {
      const equals = text.indexOf('=')
      if (equals < 1)
        throw new InvalidInputError([
          usageIssue('wrong-parameter', `--param ${text}: a parameter is given as NAME=VALUE`),
        ])
      return [text.slice(0, equals), text.slice(equals + 1)]
    }),
  )
}
