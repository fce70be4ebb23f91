/** Carries the engine's actions out on this machine. Before: drive.ts hands actions over. After: attempt.ts runs the steps. */
import pLimit from 'p-limit'
import type { Action, CacheAnswer, CacheKey, RunEvent } from '../engine/types.ts'
import type { ArtifactStore } from '../store/artifact-store.ts'
import type { CacheIndex } from '../store/cache-index.ts'
import type { RunPaths } from '../store/run-folder.ts'
import type { WaitSources } from '../waiting/sources.ts'
import { createWaiter, type Waiter } from '../waiting/waiter.ts'
import { type AttemptHandle, runAttempt, type StepRuntime } from './attempt.ts'
import type { ActionHandlers } from './drive.ts'
import { importArtifact } from './import-artifact.ts'
import type { RunOptions } from './machine.ts'
import { changeVolume } from './volumes.ts'

export interface ExecutorOptions {
  readonly paths: RunPaths
  readonly runId: string
  readonly runtime: StepRuntime
  readonly cache: CacheIndex
  /** Answers from the run whose results are reused. */
  readonly reuse: (runId: string, task: string, contentKey: CacheKey) => Promise<CacheAnswer>
  readonly openStore: (uri: string) => Promise<ArtifactStore | undefined>
  readonly waitSources: WaitSources
  /** Workspace of the run; '' where there is only one. */
  readonly namespace: string
  readonly now: () => number
  readonly beforeAttempt?: RunOptions['beforeAttempt']
}

export interface LocalExecutor {
  readonly handlers: (emit: (event: RunEvent) => void) => ActionHandlers
  /** Stops all steps so that a resume runs them again; steps that end well meanwhile count as finished then. */
  readonly interrupt: (graceMillis: number) => Promise<void>
  /** Resolves when work that the run did not wait for (saving cache entries) is done. */
  readonly settle: () => Promise<void>
}

/** How long a canceled step may take to end by itself. */
const CANCEL_GRACE_MILLIS = 10_000
/** Somebody may be looking on. */
const TELL_MILLIS = 1000
/** Files that are read whole, or written, at once: each takes memory and a file descriptor. */
const PARALLEL_FILES = 16
const LONGEST_TIMER_MILLIS = 2 ** 31 - 1

export function makeExecutor(options: ExecutorOptions): LocalExecutor {
  const attempts = new Map<string, AttemptHandle>()
  const held = new Map<string, AbortController>()
  const background = new Set<Promise<unknown>>()
  const [looks, saves] = [pLimit(PARALLEL_FILES), pLimit(PARALLEL_FILES)]
  let wakeTimer: NodeJS.Timeout | undefined
  let waiter: Waiter | undefined
  const inBackground = (work: Promise<unknown>) => {
    background.add(work)
    void work.finally(() => background.delete(work))
  }
  return {
    handlers: (emit) => ({
      'start-attempt': (action, isResume) => {
        const start = () => startAttempt(action, isResume, { options, attempts, emit })
        if (!options.beforeAttempt) return start()
        const waiting = new AbortController()
        held.set(attemptKey(action), waiting)
        void options.beforeAttempt(action.task, waiting.signal).finally(() => {
          held.delete(attemptKey(action))
          if (!waiting.signal.aborted) start()
        })
      },
      'wait-for': (action) => {
        waiter ??= makeWaiter(options, emit)
        waiter.start(action)
      },
      'cancel-attempt': (action) => {
        const { task, attempt, reason } = action
        if (waiter?.cancel(task, attempt)) return
        held.get(attemptKey(action))?.abort()
        const handle = attempts.get(attemptKey(action))
        if (handle) handle.cancel({ kind: 'canceled', reason }, CANCEL_GRACE_MILLIS)
        else emit({ kind: 'attempt-finished', task, attempt, result: { outcome: 'canceled' } })
      },
      'import-artifact': ({ task, attempt, request }) =>
        answer(emit, task, attempt, () =>
          looks(() => importArtifact(request, options.paths.workspace, options.openStore)),
        ),
      'change-volume': ({ task, attempt, request }) =>
        answer(emit, task, attempt, () => changeVolume(options.paths.root, options.runId, task, request)),
      'find-reusable': ({ task, runId, contentKey }) =>
        void looks(() => options.reuse(runId, task, contentKey)).then((answer) =>
          emit({ kind: 'reuse-answered', task, answer }),
        ),
      'look-up-cache': (action) => void looks(() => lookUp(options.cache, action)).then(emit),
      'save-cache': (action) => inBackground(saves(() => save(options, action)).catch(() => undefined)),
      'wake-at': ({ at }) => {
        clearTimeout(wakeTimer)
        const delay = Math.min(Math.max(0, at - options.now()), LONGEST_TIMER_MILLIS)
        wakeTimer = setTimeout(() => emit({ kind: 'clock' }), delay)
      },
    }),
    interrupt: async (graceMillis) => {
      clearTimeout(wakeTimer)
      looks.clearQueue()
      waiter?.stop()
      for (const waiting of held.values()) waiting.abort()
      for (const handle of attempts.values()) handle.cancel({ kind: 'interrupted', reason: 'interrupted' }, graceMillis)
      await Promise.all([...attempts.values()].map(({ result }) => result))
    },
    settle: async () => {
      clearTimeout(wakeTimer)
      looks.clearQueue()
      await Promise.all(background)
    },
  }
}

function makeWaiter({ waitSources: sources, namespace }: ExecutorOptions, emit: (event: RunEvent) => void): Waiter {
  return createWaiter({ sources, scope: { namespace }, emit, tellMillis: TELL_MILLIS })
}

interface StartContext {
  readonly options: ExecutorOptions
  readonly attempts: Map<string, AttemptHandle>
  readonly emit: (event: RunEvent) => void
}

function startAttempt(
  action: Extract<Action, { kind: 'start-attempt' }>,
  isResume: boolean,
  { options, attempts, emit }: StartContext,
): void {
  const { task, attempt } = action
  const key = attemptKey(action)
  if (attempts.has(key)) return
  const onStarted = (survived: boolean) =>
    emit({ kind: 'attempt-started', task, attempt, ...(survived ? { survived } : {}) })
  const handle = runAttempt(action, options.paths, options.runtime, isResume, onStarted)
  attempts.set(key, handle)
  void handle.result.then((result) => {
    attempts.delete(key)
    if (result) emit({ kind: 'attempt-finished', task, attempt, result })
  })
}

const attemptKey = ({ task, attempt }: { readonly task: string; readonly attempt: number }) => `${task}#${attempt}`

/** Runs an action that is over in one go; what it throws is the task's failure. */
function answer(
  emit: (event: RunEvent) => void,
  task: string,
  attempt: number,
  work: () => Promise<Extract<RunEvent, { kind: 'attempt-finished' }>['result']>,
): void {
  const onError = (error: Error) => ({
    outcome: 'failed' as const,
    failure: { cause: 'infrastructure' as const, message: error.message },
  })
  void work()
    .catch(onError)
    .then((result) => emit({ kind: 'attempt-finished', task, attempt, result }))
}

/** Asks the cache; a cache that can't be read has nothing. */
export async function lookUp(cache: CacheIndex, action: Extract<Action, { kind: 'look-up-cache' }>): Promise<RunEvent> {
  const { task, pipelineName, cacheKey } = action
  try {
    const found = await cache.lookUp(pipelineName, cacheKey.key)
    if (!('entry' in found)) return { kind: 'cache-answered', task, answer: { hit: false, reason: found.reason } }
    const { outputs, runId, task: sourceTask } = found.entry
    return { kind: 'cache-answered', task, answer: { hit: true, outputs, sourceRunId: runId, sourceTask } }
  } catch (error) {
    const reason = `the cache could not be read: ${(error as Error).message}`
    return { kind: 'cache-answered', task, answer: { hit: false, reason } }
  }
}

async function save(options: ExecutorOptions, action: Extract<Action, { kind: 'save-cache' }>): Promise<void> {
  const { task, pipelineName, cacheKey, outputs } = action
  await options.cache.save(pipelineName, {
    key: cacheKey.key,
    parts: cacheKey.parts,
    outputs,
    runId: options.runId,
    task,
    savedAt: options.now(),
  })
}
