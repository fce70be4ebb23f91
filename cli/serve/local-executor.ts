/** Carries the runs of `kfp-ts serve` out on this machine: the server's executor port over local/. Before: commands/serve.ts. */
import { setTimeout as delay } from 'node:timers/promises'
import { InvalidInputError } from '../../api/issue.ts'
import type { RunReport } from '../../api/run-report.ts'
import { type Program, type RunState, report, waitingReasons } from '../../engine/index.ts'
import type { RunOptions } from '../../local/machine.ts'
import { type LocalRunResult, resumeRun, startRun } from '../../local/run.ts'
import { documentOf } from '../../server/kfp/spec.ts'
import type { RunExecutor, RunRequest } from '../../server/run-executor.ts'
import type { ExecutorParts } from '../../server/start.ts'
import { stepEnvironment } from '../../server/step-environment.ts'
import { RunRecorder } from '../../store/metadata/record-run.ts'
import { readManifest, runPaths } from '../../store/run-folder.ts'
import { databaseAliasLook, databaseRunLook } from '../../waiting/look-database.ts'
import { polling } from '../../waiting/poll.ts'
import { pastTaskGate } from '../schedules/past-task-gate.ts'
import { localPlans } from './local-plans.ts'
import { argumentsOf } from './run-arguments.ts'
import { readStepLog } from './step-logs.ts'

/** Reports of a live run are written at most so often. */
const RECORD_MILLIS = 250
/** Between attempts to record the end of a run. */
const FIRST_PAUSE_MILLIS = 250
const LONGEST_PAUSE_MILLIS = 10_000

interface LiveRun {
  readonly stop: AbortController
  readonly ended: Promise<void>
  program?: Program
  state?: RunState
  canceled: boolean
  timer?: NodeJS.Timeout | undefined
  /** Ends when no record of its progress is being written. */
  recorded?: Promise<unknown>
}

export interface LocalExecutorOptions {
  /** Folder of runs and cache. */
  readonly root: string
  readonly hostCommands: boolean
  readonly runtime: 'process' | 'container'
}

export interface StoppableExecutor extends RunExecutor {
  /** Interrupts what runs so that the next start of the server goes on with it. */
  stop(): Promise<void>
}

export function localExecutor(parts: ExecutorParts, options: LocalExecutorOptions): StoppableExecutor {
  const recorder = new RunRecorder(parts.metadata, (runId) => parts.events.changed(runId))
  const live = new Map<string, LiveRun>()
  const stopping = new AbortController()
  const { logger } = parts
  const waits = {
    run: polling(databaseRunLook(parts.metadata.db)),
    alias: polling(databaseAliasLook(parts.metadata.db)),
  }

  const record = async (found: RunReport): Promise<boolean> => {
    try {
      await recorder.record(found)
      return true
    } catch (error) {
      logger.error({ err: error, runId: found.runId }, 'the progress of a run could not be recorded')
      return false
    }
  }

  // Nothing comes after it that would bring the record up: tried until it is stored. A server that stops finds the end again when it
  // goes on with the run.
  const recordEnd = async (found: RunReport): Promise<void> => {
    let pause = FIRST_PAUSE_MILLIS
    while (!(await record(found)) && !stopping.signal.aborted) {
      await delay(pause, undefined, { signal: stopping.signal }).catch(() => {})
      pause = Math.min(LONGEST_PAUSE_MILLIS, pause * 2)
    }
  }

  const launch = async (run: RunRequest): Promise<void> => {
    await live.get(run.runId)?.ended
    const begun = (await readManifest(runPaths(options.root, run.runId))) !== undefined
    const stop = new AbortController()
    const { promise: ended, resolve: end } = Promise.withResolvers<void>()
    const entry: LiveRun = { stop, ended, canceled: false }
    live.set(run.runId, entry)
    // What can't be read, as a text that is no JSON, is the run's failure too: whoever waits for its end must see one.
    const work = async (): Promise<LocalRunResult> => {
      const settings = {
        ...runOptions(parts, options, run, entry, record),
        waits: { ...waits, namespace: run.namespace },
      }
      return await (begun
        ? resumeRun(run.runId, settings)
        : startRun(documentOf(run.pipelineText), argumentsOf(run), settings))
    }
    void work()
      .then(
        (result) => finalReport(result, entry),
        (error: unknown) => failedReport(run, error),
      )
      .then(async (found) => {
        clearTimeout(entry.timer)
        // Progress that is written after the end would take it back.
        await entry.recorded
        await recordEnd(found)
      })
      .finally(() => {
        live.delete(run.runId)
        end()
      })
  }

  return {
    ...localPlans(options),
    start: launch,
    retry: launch,
    cancel: async (runId) => {
      const entry = live.get(runId)
      if (!entry) return await recordEnd({ runId, pipeline: '', state: 'CANCELED', outputs: {}, tasks: [] })
      entry.canceled = true
      entry.stop.abort()
    },
    remove: async (runId) => {
      live.get(runId)?.stop.abort()
      await live.get(runId)?.ended
    },
    logs: (request) => readStepLog(options.root, request, () => live.has(request.runId)),
    waiting: async (runId) => {
      const entry = live.get(runId)
      if (!entry?.program || !entry.state) return []
      const found = waitingReasons(entry.program, entry.state, parts.metadata.now())
      return found.map(({ task, message }) => ({ task, reason: message }))
    },
    stop: async () => {
      stopping.abort()
      const running = [...live.values()]
      for (const entry of running) entry.stop.abort()
      await Promise.all(running.map((entry) => entry.ended))
    },
  }
}

function runOptions(
  parts: ExecutorParts,
  { root, hostCommands, runtime }: LocalExecutorOptions,
  run: RunRequest,
  entry: LiveRun,
  record: (found: RunReport) => Promise<unknown>,
): RunOptions {
  const recordSoon = () => {
    entry.timer ??= setTimeout(() => {
      entry.timer = undefined
      if (entry.program && entry.state)
        entry.recorded = Promise.all([entry.recorded, record(report(entry.program, entry.state))])
    }, RECORD_MILLIS)
  }
  const gate = pastTaskGate(parts.metadata, parts.events, run)
  return {
    root,
    hostCommands,
    runtime,
    beforeAttempt: async (task, signal) => (await gate)?.(task, signal),
    runId: run.runId,
    runName: run.displayName,
    pipelineRoot: run.pipelineRoot,
    ...(run.scheduledAt === undefined ? {} : { scheduleTime: run.scheduledAt }),
    interrupt: entry.stop.signal,
    stepVariables: (task) => stepEnvironment(parts, parts.url(), run, task),
    observer: {
      onBegin: (program, state) => {
        Object.assign(entry, { program, state })
        recordSoon()
      },
      onStep: (_records, _actions, state) => {
        entry.state = state
        recordSoon()
      },
      onWarning: (message) => parts.logger.warn({ runId: run.runId }, message),
    },
  }
}

/** An interrupted run keeps its state, to be resumed, unless its user canceled it. */
function finalReport({ report: found, interrupted }: LocalRunResult, entry: LiveRun): RunReport {
  return interrupted && entry.canceled ? { ...found, state: 'CANCELED' } : found
}

function failedReport(run: RunRequest, error: unknown): RunReport {
  const message = error instanceof Error ? error.message : String(error)
  const code = error instanceof InvalidInputError ? 'invalid-input' : 'infrastructure'
  return { runId: run.runId, pipeline: '', state: 'FAILED', outputs: {}, tasks: [], error: { code, message } }
}
