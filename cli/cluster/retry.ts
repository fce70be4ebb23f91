/** Retries a run on a cluster, with its own pipeline or an edited one. Before: commands/retry.ts. */
import { InvalidInputError } from '../../api/issue.ts'
import type { JsonValue } from '../../api/json.ts'
import { parsePipelineDocument } from '../../api/parse.ts'
import { isFinalPhase } from '../../api/pipeline-run.ts'
import type { PipelineDocument } from '../../api/platform-spec.ts'
import { servedId } from '../../client/run-logs.ts'
import type { PipelineRun } from '../../client/runs.ts'
import { shortPath } from '../../local/progress/plain.ts'
import { countOf } from '../../local/progress/terminal.ts'
import { type ClusterRuns, withRuns } from '../cluster.ts'
import { isEdited, type RetryArgs, succeeded } from '../commands/retry.ts'
import { usageIssue } from '../errors.ts'
import { pipelineText, readPipelineFile } from '../pipeline-file.ts'
import { readArguments } from '../run-arguments.ts'
import { followRun } from './follow-run.ts'
import { askedPlan, type Plan, planText, start } from './start.ts'

export async function retryOnCluster(args: RetryArgs): Promise<void> {
  // The file is read first: its mistakes are told without a cluster.
  const edited = args.file === undefined ? undefined : await readPipelineFile(args.file, args.pipeline)
  await withRuns(args, async (cluster) => {
    const run = await cluster.find(args.run)
    refuseUnfinished(run)
    if (isEdited(args)) return await startEdited(args, cluster, run, edited)
    if (run.status?.phase === 'Succeeded') throw succeeded(run.metadata.name)
    if (args['dry-run']) return await foretell(args, cluster, run)
    const retried = await cluster.runs.retry(run.metadata.name)
    const text = `${run.metadata.name} runs again what failed\n`
    if (args.json) process.stderr.write(text)
    else process.stdout.write(text)
    if (args.wait || args.follow) await followRun(args, cluster, retried)
    else if (args.json) process.stdout.write(`${JSON.stringify(retried)}\n`)
  })
}

function refuseUnfinished({ metadata, status }: PipelineRun): void {
  if (isFinalPhase(status?.phase)) return
  throw new InvalidInputError([
    usageIssue(
      'not-finished',
      `${metadata.name} has not ended (${status?.phase ?? 'Pending'})`,
      'wait for its end or cancel it first',
    ),
  ])
}

async function startEdited(
  args: RetryArgs,
  cluster: ClusterRuns,
  run: PipelineRun,
  edited: PipelineDocument | undefined,
): Promise<void> {
  const document = edited ?? documentOf(run)
  const values = await readArguments(document, {
    params: args.param,
    paramsFile: args['params-file'],
    earlier: run.spec.arguments,
  })
  const next = cluster.runs.rerun(run, {
    pipelineText: args.file === undefined ? undefined : await pipelineText(args.file, document),
    arguments: values as Record<string, JsonValue>,
    name: args.name,
  })
  await start(args, cluster, { ...next, pipelineName: document.spec.pipelineInfo.name }, run)
}

/** The types of its parameters are in its pipeline. */
function documentOf({ metadata, spec }: PipelineRun): PipelineDocument {
  const text =
    spec.pipelineText ??
    (spec.pipelineSpec && JSON.stringify({ pipeline_spec: spec.pipelineSpec, platform_spec: spec.platformSpec }))
  const { document, issues } = text === undefined ? { document: undefined, issues: [] } : parsePipelineDocument(text)
  if (document) return document
  if (issues.length > 0) throw new InvalidInputError(issues)
  const message = `${metadata.name} takes its pipeline from elsewhere, so --param can't be read by its types`
  throw new InvalidInputError([usageIssue('no-pipeline', message, 'name the pipeline with --file')])
}

async function foretell({ json }: RetryArgs, { server }: ClusterRuns, run: PipelineRun): Promise<void> {
  const plan = await askedPlan(() => server.foreseeRetry(servedId(run)))
  if (json) process.stdout.write(`${JSON.stringify(plan)}\n`)
  else process.stdout.write(`${(plan.tasks ? planText(plan) : coarseText(run, plan)).join('\n')}\n`)
}

/** What the resource alone tells: how many tasks, and the first that failed. */
function coarseText({ status }: PipelineRun, plan: Plan): string[] {
  const counts = status?.counts
  if (!counts) return planText(plan)
  const { succeeded: done, cached, skipped, failed, canceled, pending } = counts
  const failures = (status?.attention ?? []).filter(({ state }) => state === 'FAILED')
  return [
    `${countOf(done + cached, 'task')} finished and stay; ${failed} failed, ${canceled} canceled and ${pending + skipped} not run so far`,
    ...failures.map(({ path, message }) => `  ${shortPath(path)}  run  it failed: ${message.split('\n')[0]}`),
    ...planText(plan),
  ]
}
