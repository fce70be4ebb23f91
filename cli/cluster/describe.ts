/** Tells the story of a run on a cluster: from its resource, its pods, its events, and where there is one from the server. */
import { InvalidInputError } from '../../api/issue.ts'
import { isFinalPhase } from '../../api/pipeline-run.ts'
import type { RunEvent } from '../../client/run-event.ts'
import { servedId } from '../../client/run-logs.ts'
import type { PipelineRun } from '../../client/runs.ts'
import type { ServedRun } from '../../client/server-api.ts'
import type { TaskPod } from '../../client/task-pod.ts'
import { formatDuration, styleFor } from '../../local/progress/terminal.ts'
import { type ClusterRuns, withRuns } from '../cluster.ts'
import type { DescribeArgs } from '../commands/describe.ts'
import { type RunStory, storyLines, type TaskStory } from '../run-story.ts'
import { findDeleted, phaseOf } from './deleted-runs.ts'

export async function describeOnCluster(args: DescribeArgs): Promise<void> {
  await withRuns(args, async (cluster) => {
    const run = await cluster.find(args.run).catch(async (error) => {
      const kept = isUnknownRun(error) && (await findDeleted(cluster, args.run))
      if (!kept) throw error
      tellDeleted(args, kept, cluster)
    })
    if (!run) return
    const [pods, events, served] = await Promise.all([
      cluster.runs.pods(run),
      // Events may be out of bounds for who may read runs: the story is told without them.
      cluster.runs.events(run).catch(() => []),
      askServer(cluster, run),
    ])
    if (args.json) {
      const tasks = 'run' in served ? served.run.tasks : undefined
      process.stdout.write(`${JSON.stringify({ ...run, pods, events, tasks })}\n`)
      return
    }
    const story = clusterStory({ run, pods, events, served, again: cluster.again })
    process.stdout.write(`${storyLines(story, Date.now(), styleFor(process.stdout)).join('\n')}\n`)
  })
}

const isUnknownRun = (error: unknown): boolean =>
  error instanceof InvalidInputError && error.issues.some(({ code }) => code === 'unknown-run')

function tellDeleted({ json }: DescribeArgs, run: ServedRun, { runs }: ClusterRuns): void {
  if (json) process.stdout.write(`${JSON.stringify(run)}\n`)
  else {
    const story = deletedStory(run, runs.namespace)
    process.stdout.write(`${storyLines(story, Date.now(), styleFor(process.stdout)).join('\n')}\n`)
  }
}

/** Journal and logs went with the resource; the record stays. */
export function deletedStory(run: ServedRun, namespace: string): RunStory {
  const failed = run.tasks.filter(({ state }) => state === 'FAILED')
  return {
    name: run.name,
    state: phaseOf(run.state),
    message: [run.error?.message, 'its PipelineRun was deleted; this is what the server keeps of it']
      .filter(Boolean)
      .join('\n'),
    pipeline: run.pipeline,
    startedAt: Date.parse(run.createdAt),
    endedAt: run.endTime ? Date.parse(run.endTime) : undefined,
    facts: [
      ['namespace', namespace],
      ['id', run.runId],
    ],
    arguments: {},
    outputs: run.outputs ?? {},
    attention: failed.map(({ path, error }) => ({ task: path, text: `FAILED: ${error?.message ?? ''}` })),
    tasks: servedTasks({ run, waiting: [] }, []),
    events: [],
    next: [],
  }
}

type Served =
  | { readonly run: ServedRun; readonly waiting: readonly { readonly task: string; readonly reason: string }[] }
  | { readonly reason: string }

async function askServer({ server }: ClusterRuns, run: PipelineRun): Promise<Served> {
  try {
    const found = await server.run(servedId(run))
    if (found)
      return { run: found, waiting: isFinalPhase(run.status?.phase) ? [] : await server.waiting(servedId(run)) }
    return { reason: `the server (${server.place}) does not know the run` }
  } catch (error) {
    return { reason: error instanceof Error ? error.message : String(error) }
  }
}

export interface ClusterFacts {
  readonly run: PipelineRun
  readonly pods: readonly TaskPod[]
  readonly events: readonly RunEvent[]
  readonly served: Served
  readonly again: string
}

export function clusterStory({ run, pods, events, served, again }: ClusterFacts): RunStory {
  const { metadata, spec, status = {} } = run
  const tasks = 'run' in served ? servedTasks(served, pods) : podTasks(pods)
  const hidden = (status.counts?.total ?? 0) - tasks.length
  return {
    name: metadata.name,
    state: status.phase ?? 'Pending',
    progress: status.progress,
    message: status.message ?? 'the operator has not looked at it yet: is it running?',
    pipeline: status.pipeline ?? '?',
    startedAt: status.startTime ? Date.parse(status.startTime) : undefined,
    endedAt: status.completionTime ? Date.parse(status.completionTime) : undefined,
    facts: [
      ['namespace', metadata.namespace ?? ''],
      ...(spec.reuseFrom ? ([['reuses', spec.reuseFrom.run]] as const) : []),
      ...(status.retryCount ? ([['retries', String(status.retryCount)]] as const) : []),
    ],
    arguments: spec.arguments ?? {},
    outputs: status.outputs ?? {},
    attention: (status.attention ?? []).map(({ path, state, cause, attempt, message }) => ({
      task: path,
      text: `${state}${cause ? ` (${cause})` : ''}${attempt && attempt > 1 ? ` in attempt ${attempt}` : ''}: ${message}`,
    })),
    tasks,
    note:
      'reason' in served && hidden > 0
        ? `${hidden} more without a pod (cached, skipped, waiting, or removed): ${served.reason}`
        : undefined,
    events: events.map(({ time, type, reason, message, count }) => ({
      time,
      text: `${type === 'Warning' ? '! ' : '  '}${reason}${count > 1 ? ` (${count} times)` : ''}: ${message}`,
    })),
    next: nextCommands(run, again),
  }
}

function nextCommands({ metadata: { name }, status }: PipelineRun, again: string): string[] {
  if (!isFinalPhase(status?.phase)) return [`kfp-ts logs ${name} ${again} -f`, `kfp-ts cancel ${name} ${again}`]
  if (status?.phase === 'Succeeded' || !status?.startTime) return []
  return [`kfp-ts logs ${name} ${again}`, `kfp-ts retry ${name} ${again} [--file EDITED] [--dry-run]`]
}

function servedTasks({ run, waiting }: Extract<Served, { run: ServedRun }>, pods: readonly TaskPod[]): TaskStory[] {
  const reasons = new Map(waiting.map(({ task, reason }) => [task, reason]))
  return run.tasks.map(({ path, state, attempts, startTime, endTime, error }) => ({
    task: path,
    state,
    text: [
      took(startTime, endTime),
      !endTime && reasons.get(path),
      error && `(${error.code}) ${error.message.split('\n')[0]}`,
    ]
      .filter(Boolean)
      .join('  '),
    attempts: attempts > 1 || state === 'RUNNING' ? attemptLines(pods.filter((pod) => pod.path === path)) : [],
  }))
}

function podTasks(pods: readonly TaskPod[]): TaskStory[] {
  const byPath = new Map<string, TaskPod[]>()
  for (const pod of pods) byPath.set(pod.path, [...(byPath.get(pod.path) ?? []), pod])
  return [...byPath].map(([task, attempts]) => {
    const last = attempts.at(-1)!
    const text = [took(last.startTime, last.endTime), last.reason].filter(Boolean).join('  ')
    return { task, state: last.phase, text, attempts: attempts.length > 1 ? attemptLines(attempts) : [] }
  })
}

function attemptLines(pods: readonly TaskPod[]): string[] {
  return pods.map(
    ({ attempt, phase, reason, pod, startTime, endTime }) =>
      `attempt ${attempt}: ${phase}${startTime ? ` ${took(startTime, endTime)}` : ''}${reason ? `, ${reason}` : ''} (pod ${pod})`,
  )
}

const took = (start: string | undefined, end: string | undefined): string =>
  start && end ? formatDuration(Date.parse(end) - Date.parse(start)) : ''
