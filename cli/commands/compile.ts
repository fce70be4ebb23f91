/** `kfp-ts compile`: a TypeScript file to pipeline YAML. Exit 2 with every mistake of the author when there is one. */
import { writeFile } from 'node:fs/promises'
import { formatIssue, InvalidInputError } from '../../api/issue.ts'
import type { PipelineDocument } from '../../api/platform-spec.ts'
import { compile, loadPipelines, printPipelineYaml, selectPipeline } from '../../compiler/index.ts'
import type { PipelineModel } from '../../dsl/graph.ts'
import { usageIssue } from '../errors.ts'
import type { Command } from './index.ts'

interface CompileArgs {
  readonly file: string
  readonly out: string | undefined
  readonly pipeline: string | undefined
  readonly target: 'kfp-ts' | 'kfp'
  readonly schedule: boolean
}

export const command: Command<CompileArgs> = {
  command: 'compile <file>',
  describe: 'Compile a pipeline to KFP v2 IR (YAML)',
  builder: (yargs) =>
    yargs
      .positional('file', { type: 'string', demandOption: true, describe: 'TypeScript file that exports a pipeline' })
      .option('out', { alias: 'o', type: 'string', describe: 'File to write; default: stdout' })
      .option('pipeline', { type: 'string', describe: 'Name of the pipeline, when the file exports several' })
      .option('target', {
        choices: ['kfp-ts', 'kfp'] as const,
        default: 'kfp-ts' as const,
        describe: 'kfp refuses what a stock Kubeflow Pipelines cannot run',
      })
      .option('schedule', {
        type: 'boolean',
        default: false,
        describe: 'Write a ScheduledRun resource: the pipeline with the schedule that its options name',
      })
      .example('$0 compile pipeline.ts -o pipeline.yaml', '')
      .example('$0 compile pipelines.ts --pipeline training --target kfp', ''),
  handler: async ({ file, out, pipeline, target, schedule }) => {
    const chosen = selectPipeline(await loadPipelines(file), pipeline)
    if (target === 'kfp') refuseTriggers(chosen.model, schedule)
    const { document, issues } = await compile(chosen, { target })
    if (!document) throw new InvalidInputError(issues)
    for (const issue of issues) process.stderr.write(`${formatIssue(issue)}\n`)
    const text = printPipelineYaml(document)
    await write(schedule ? await withSchedule(chosen.model, { document, yaml: text }) : text, out)
  },
}

/** Kubeflow's recurring runs know the clock only. Without --schedule the pipeline alone is written, and that it can run. */
function refuseTriggers({ name, schedule }: PipelineModel, asked: boolean): void {
  if (!schedule?.triggers?.length) return
  const issue = usageIssue(
    'kfp-triggers',
    `the schedule of pipeline ${name} has triggers, and Kubeflow Pipelines starts runs by the clock only`,
    'compile it with --target kfp-ts, or leave --schedule out and start its runs by other means',
  )
  if (asked) throw new InvalidInputError([issue])
  process.stderr.write(`${formatIssue({ ...issue, severity: 'warning' })}\n`)
}

async function withSchedule(
  { name, schedule }: PipelineModel,
  pipeline: { readonly document: PipelineDocument; readonly yaml: string },
): Promise<string> {
  if (!schedule) {
    const hint = "add `schedule: { cron: '@daily' }` to the options of the pipeline"
    throw new InvalidInputError([usageIssue('no-schedule', `pipeline ${name} has no schedule`, hint)])
  }
  const { scheduledRunYaml } = await import('../schedules/scheduled-run-yaml.ts')
  const { text: resource, warnings } = scheduledRunYaml(name, schedule, pipeline, Date.now())
  for (const issue of warnings) process.stderr.write(`${formatIssue(issue)}\n`)
  return resource
}

async function write(text: string, out: string | undefined): Promise<void> {
  if (out === undefined || out === '-') {
    process.stdout.write(text)
    return
  }
  await writeFile(out, text).catch((error: NodeJS.ErrnoException) => {
    throw new InvalidInputError([
      usageIssue(
        'unwritable-file',
        `${out} cannot be written: ${error.code}`,
        'check that its folder exists and may be written to',
      ),
    ])
  })
}
