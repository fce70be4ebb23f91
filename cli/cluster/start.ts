/** Starts a run on a cluster, or says what starting it would do. Shared by submit and by a retry with an edited pipeline. */
import type { JsonValue } from '../../api/json.ts'
import { servedId } from '../../client/run-logs.ts'
import type { NewRun, PipelineRun, RunsClient } from '../../client/runs.ts'
import type { PlannedTask } from '../../client/server-api.ts'
import { ServerError } from '../../client/server-error.ts'
import { styleFor } from '../../local/progress/terminal.ts'
import type { ClusterRuns } from '../cluster.ts'
import { EXIT } from '../errors.ts'
import { planLines } from '../plan.ts'
import { type FollowArgs, followRun } from './follow-run.ts'

export interface StartArgs extends FollowArgs {
  readonly wait: boolean
  readonly 'dry-run': boolean
}

export async function start(args: StartArgs, cluster: ClusterRuns, run: NewRun, reused?: PipelineRun): Promise<void> {
  if (args['dry-run']) return await foretell(args, cluster, run, reused)
  const created = await cluster.runs.create(run)
  const { name, namespace } = created.metadata
  const text = `pipelinerun/${name} in namespace ${namespace}\n`
  if (args.json) process.stderr.write(text)
  else process.stdout.write(text)
  if (args.wait || args.follow) await followRun(args, cluster, created)
  else if (args.json) process.stdout.write(`${JSON.stringify(created)}\n`)
}

/** Has the API server check the resource and the server foresee the run; neither keeps anything. */
async function foretell(args: StartArgs, cluster: ClusterRuns, run: NewRun, reused?: PipelineRun): Promise<void> {
  const checked = await cluster.runs.create(run, { dryRun: true })
  const plan = await planOf(cluster, run, reused)
  if (args.json) process.stdout.write(`${JSON.stringify({ pipelineRun: checked, ...plan })}\n`)
  else process.stdout.write(`${[would(cluster.runs, checked), ...planText(plan)].join('\n')}\n`)
  if (plan.tasks?.some(({ decision }) => decision === 'fail')) process.exitCode = EXIT.failed
}

function would({ namespace }: RunsClient, { metadata }: PipelineRun): string {
  return `the cluster would take pipelinerun/${metadata.name ?? ''} in namespace ${metadata.namespace ?? namespace}`
}

export interface Plan {
  readonly tasks?: readonly PlannedTask[]
  /** Why the tasks are not known. */
  readonly unknown?: string
  /** What to do about it. */
  readonly remedy?: string
}

export function planText({ tasks, unknown, remedy }: Plan): string[] {
  if (tasks) return planLines(tasks, styleFor(process.stdout))
  return [`which tasks would run is not known: ${unknown}`, ...(remedy === undefined ? [] : [`  ${remedy}`])]
}

async function planOf({ runs, server }: ClusterRuns, run: NewRun, reused?: PipelineRun): Promise<Plan> {
  if (run.pipelineText === undefined) return { unknown: 'the pipeline is not in the run itself' }
  const request = {
    namespace: run.namespace ?? runs.namespace,
    pipelineText: run.pipelineText,
    arguments: (run.arguments ?? {}) as Record<string, JsonValue>,
    cache: run.spec?.cache,
    reuse: reused && servedId(reused),
  }
  return await askedPlan(() => server.foresee(request))
}

/** A server that is not there, or can't tell, leaves the plan unknown: that is no mistake of who asks. */
export async function askedPlan(ask: () => Promise<readonly PlannedTask[] | undefined>): Promise<Plan> {
  try {
    const tasks = await ask()
    return tasks ? { tasks } : { unknown: 'the server can not tell' }
  } catch (error) {
    const unknown = error instanceof Error ? error.message : String(error)
    return { unknown, ...(error instanceof ServerError ? { remedy: error.remedy } : {}) }
  }
}
