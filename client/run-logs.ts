/** Logs of a run on a cluster, task after task, or of all tasks as they come: from its pods, and where these are gone from the server. */
import { setTimeout as delay } from 'node:timers/promises'
import { isFinalPhase, MAIN_CONTAINER } from '../api/pipeline-run.ts'
import { KubeError } from './kube/transport.ts'
import type { PipelineRun, RunsClient } from './runs.ts'
import type { ServedRun, ServerApi } from './server-api.ts'
import { ServerError } from './server-error.ts'
import type { TaskPod } from './task-pod.ts'

/** A piece of one attempt's log; lines may be cut where pieces meet. */
export interface LogPiece {
  /** For example `root/for-loop-2[3]/train`. */
  readonly task: string
  /** Counted from 1. */
  readonly attempt: number
  readonly text: string
}

export interface RunLogOptions {
  /** Path of a task, or its end: `train` finds `root/for-loop-2[3]/train`. @default all tasks */
  readonly task?: string | undefined
  /** Counted from 1. @default all attempts */
  readonly attempt?: number | undefined
  /** Go on until the run ends, with new tasks and attempts as they start. @default false */
  readonly follow?: boolean | undefined
  /** Only so many last lines of each pod. @default all */
  readonly tailLines?: number | undefined
  readonly signal?: AbortSignal | undefined
}

/** Where logs come from, and what can't be had is told to. */
export interface LogSources {
  readonly runs: RunsClient
  readonly server?: ServerApi | undefined
  /** Logs that are kept, but not here to be read. */
  readonly onMissing?: ((missing: MissingLogs) => void) | undefined
}

export interface MissingLogs {
  /** Attempts whose pods are gone. */
  readonly attempts: number
  /** Why the server could not be asked. */
  readonly reason: string
  /** What to do about it, where that is known. */
  readonly remedy?: string | undefined
}

/** Id by which servers know a run. */
export const servedId = ({ metadata }: PipelineRun): string =>
  metadata.labels?.['pipelines.kfp-ts.dev/run-id'] ?? metadata.uid ?? ''

/** Without the word `root`, and by its end where a person wrote only that. */
export function isTask(path: string, typed: string): boolean {
  const wanted = typed.replace(/^root\//, '')
  return path === `root/${wanted}` || path.endsWith(`/${wanted}`)
}

/** An attempt that has a log somewhere. */
interface Source {
  readonly task: string
  readonly attempt: number
  readonly pod?: string
  readonly startTime?: string | undefined
}

/** In the order in which attempts started; with `follow` as the texts come. */
export async function* readRunLogs(
  sources: LogSources,
  run: PipelineRun,
  options: RunLogOptions = {},
): AsyncGenerator<LogPiece> {
  const pods = await sources.runs.pods(run)
  const kept = await keptSources(sources, run, pods, options)
  const isWanted = wantedBy(options)
  const isRunning = !isFinalPhase(run.status?.phase)
  const done = pods.filter(({ phase }) => phase === 'Succeeded' || phase === 'Failed' || !options.follow || !isRunning)
  const old = [...kept, ...done.map(sourceOf)].filter(isWanted)
  for (const source of old.sort(byStart)) yield* readOnce(sources, run, source, options)
  if (options.follow && isRunning) yield* followLogs(sources, run, new Set(old.map(keyOf)), options)
}

const sourceOf = ({ path, attempt, pod, startTime }: TaskPod): Source => ({ task: path, attempt, pod, startTime })
const keyOf = ({ task, attempt }: Pick<Source, 'task' | 'attempt'>): string => `${task}#${attempt}`
const wantedBy =
  ({ task, attempt }: RunLogOptions) =>
  (source: Pick<Source, 'task' | 'attempt'>): boolean =>
    (task === undefined || isTask(source.task, task)) && (attempt === undefined || source.attempt === attempt)
const byStart = (a: Source, b: Source): number =>
  (a.startTime ?? '~').localeCompare(b.startTime ?? '~') || a.task.localeCompare(b.task) || a.attempt - b.attempt

/** Attempts that the server knows and no pod is left of. It is asked only when some are missing here. */
async function keptSources(
  { server, onMissing }: LogSources,
  run: PipelineRun,
  pods: readonly TaskPod[],
  options: RunLogOptions,
): Promise<Source[]> {
  const attempts = (run.status?.podsCreated ?? 0) - pods.length
  if (attempts <= 0) return []
  if (!server) {
    onMissing?.({ attempts, reason: 'no server was named' })
    return []
  }
  try {
    const served = await server.run(servedId(run))
    if (!served) onMissing?.({ attempts, reason: `the server (${server.place}) does not know the run` })
    return served ? attemptsOf(served, new Set(pods.map(({ path, attempt }) => keyOf({ task: path, attempt })))) : []
  } catch (error) {
    if (options.signal?.aborted) return []
    const remedy = error instanceof ServerError ? error.remedy : undefined
    onMissing?.({ attempts, reason: error instanceof Error ? error.message : String(error), remedy })
    return []
  }
}

function attemptsOf({ tasks }: ServedRun, known: ReadonlySet<string>): Source[] {
  return tasks.flatMap(({ path, attempts, startTime }) =>
    Array.from({ length: attempts }, (_, index) => ({ task: path, attempt: index + 1, startTime })).filter(
      (source) => !known.has(keyOf(source)),
    ),
  )
}

async function* readOnce(
  sources: LogSources,
  run: PipelineRun,
  source: Source,
  { tailLines, signal }: RunLogOptions,
): AsyncGenerator<LogPiece> {
  if (source.pod !== undefined) {
    try {
      yield* pieces(source, sources.runs.log(run, source.pod, { container: MAIN_CONTAINER, tailLines }, signal))
      return
    } catch (error) {
      // 400: its container never started, so it wrote nothing. 404: the pod went a moment ago.
      if (!(error instanceof KubeError) || (error.status !== 400 && error.status !== 404)) throw error
      if (error.status === 400) return
    }
  }
  const chunks = await sources.server?.log(servedId(run), source.task, source.attempt, signal)
  if (chunks) yield* pieces(source, chunks)
}

async function* pieces({ task, attempt }: Source, chunks: AsyncIterable<Buffer>): AsyncGenerator<LogPiece> {
  const decoder = new TextDecoder()
  for await (const chunk of chunks) {
    const text = decoder.decode(chunk, { stream: true })
    if (text !== '') yield { task, attempt, text }
  }
}

const RETRY_MILLIS = 500

/** All logs of a run that goes on, mixed as they come. Ends with the run, when everything was read. */
async function* followLogs(
  { runs }: LogSources,
  run: PipelineRun,
  known: Set<string>,
  options: RunLogOptions,
): AsyncGenerator<LogPiece> {
  const inbox = makeInbox<LogPiece>()
  const stopping = new AbortController()
  const signal = options.signal ? AbortSignal.any([options.signal, stopping.signal]) : stopping.signal
  const open = new Set<Promise<void>>()
  const isWanted = wantedBy(options)
  /** A container that has not started by now never will. */
  let over = false

  const take = (pod: TaskPod): void => {
    const source = sourceOf(pod)
    if (known.has(keyOf(source)) || pod.phase === 'Pending' || !isWanted(source)) return
    known.add(keyOf(source))
    const work = copy(source).catch(inbox.fail)
    open.add(work)
    void work.finally(() => open.delete(work))
  }
  const copy = async (source: Source): Promise<void> => {
    for (;;) {
      try {
        const chunks = runs.log(run, source.pod!, { container: MAIN_CONTAINER, follow: true }, signal)
        for await (const piece of pieces(source, chunks)) inbox.put(piece)
        return
      } catch (error) {
        if (signal.aborted || (error instanceof KubeError && error.status === 404)) return
        // 400: the pod runs (its other containers do), the step has not begun.
        if (!(error instanceof KubeError) || error.status !== 400) throw error
        if (over) return
        await delay(RETRY_MILLIS, undefined, { signal }).catch(() => {})
      }
    }
  }
  const untilEnd = async (): Promise<void> => {
    const { name, namespace } = run.metadata
    for await (const _ of runs.watch(name, { ...(namespace ? { namespace } : {}), signal })) if (signal.aborted) return
    over = true
    for (const pod of await runs.pods(run)) take(pod)
    await Promise.all(open)
  }

  signal.addEventListener('abort', inbox.end, { once: true })
  void runs.followPods(run, (pod, gone) => gone || take(pod), signal).catch(inbox.fail)
  void untilEnd().then(inbox.end, (error) => (signal.aborted ? inbox.end() : inbox.fail(error)))
  try {
    yield* inbox.all()
  } finally {
    stopping.abort()
  }
}

/** Values from many producers, for one reader. */
function makeInbox<T>() {
  const values: T[] = []
  let ended = false
  let failure: unknown
  let wake: () => void = () => {}
  const stop = (error?: unknown): void => {
    failure ??= error
    ended = true
    wake()
  }
  return {
    put: (value: T): void => {
      values.push(value)
      wake()
    },
    end: (): void => stop(),
    fail: (error: unknown): void => stop(error),
    async *all(): AsyncGenerator<T> {
      for (;;) {
        while (values.length > 0) yield values.shift()!
        if (ended && failure !== undefined) throw failure
        if (ended) return
        await new Promise<void>((resolve) => (wake = resolve))
      }
    },
  }
}
