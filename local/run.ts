/** A local run from its document to its report: lays out the folder, drives engine and executor, keeps what a resume needs. */
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { InvalidInputError, type Issue } from '../api/issue.ts'
import type { JsonValue } from '../api/json.ts'
import type { PipelineDocument } from '../api/platform-spec.ts'
import type { RunReport } from '../api/run-report.ts'
import {
  advance,
  begin,
  checkArguments,
  isFinished,
  type Program,
  prepare,
  type RunState,
  report,
} from '../engine/index.ts'
import type { JournalRecord, RunConfig, RunEvent, RunSettings } from '../engine/types.ts'
import { openCacheIndex } from '../store/cache-index.ts'
import { openJournal } from '../store/journal.ts'
import { type Lock, tryLock } from '../store/lock.ts'
import {
  type RunManifest,
  type RunPaths,
  readManifest,
  runPaths,
  writeManifest,
  writeReport,
} from '../store/run-folder.ts'
import { forgetCancelRequest, watchCancelRequest } from './cancel-request.ts'
import { drive } from './drive.ts'
import { type LocalExecutor, makeExecutor } from './executor.ts'
import { artifactPath } from './import-artifact.ts'
import { type Machine, makeMachine, type RunOptions } from './machine.ts'
import { firstEvent, replay } from './replay.ts'
import { openReuse, refuseReuse } from './reuse.ts'
import { runClock } from './run-clock.ts'
import { newRunConfig } from './run-config.ts'

export interface LocalRunResult {
  readonly report: RunReport
  /** It was stopped from outside and can be resumed. */
  readonly interrupted: boolean
  readonly paths: RunPaths
}

/**
 * Runs a pipeline on this machine.
 *
 * @throws InvalidInputError for arguments that don't fit and for steps that can't run here; Error when the disk is full
 */
export async function startRun(
  document: PipelineDocument,
  args: Readonly<Record<string, JsonValue>>,
  options: RunOptions,
): Promise<LocalRunResult> {
  const { program, machine } = await checkStart(document, args, options)
  const config = await newRunConfig(document, args, options)
  const paths = runPaths(options.root, config.runId)
  await mkdir(paths.folder, { recursive: true })
  // Runs are nothing to commit.
  await writeFile(join(options.root, '.gitignore'), '*\n', { flag: 'wx' }).catch(() => undefined)
  const lock = await lockRun(paths)
  const kept = { runtime: options.runtime, hostCommands: options.hostCommands }
  const source = options.source === undefined ? {} : { source: options.source }
  await writeManifest<RunConfig>(paths, { formatVersion: 1, config, document, options: kept, ...source })
  const state = begin(program, config)
  return carryOut({ program, state, lastAt: 0, paths, lock, options, machine, firstEvents: [{ kind: 'started' }] })
}

/** @throws InvalidInputError for what keeps a run from starting here */
export async function checkStart(
  document: PipelineDocument,
  args: Readonly<Record<string, JsonValue>>,
  options: RunOptions,
): Promise<{ readonly program: Program; readonly machine: Machine }> {
  const program = prepare(document)
  refuse(checkArguments(program, args))
  const machine = makeMachine(options)
  await machine.check(document)
  if (options.reuse !== undefined) await refuseReuse(options.root, options.reuse)
  return { program, machine }
}

/**
 * Goes on with a run that was interrupted or killed; runs what failed again in one that failed; reports one that succeeded.
 * Choices that the command line does not repeat stay as they were.
 */
export async function resumeRun(runId: string, options: RunOptions): Promise<LocalRunResult> {
  const paths = runPaths(options.root, runId)
  const manifest = await manifestOf(options.root, runId)
  const lock = await lockRun(paths)
  try {
    const replayed = await replay(paths, manifest)
    const { program, state, lastAt } = replayed
    const kept = keptOptions(manifest, options)
    if (state.state === 'SUCCEEDED') return { report: report(program, state), interrupted: false, paths }
    const machine = makeMachine(kept)
    await machine.check(manifest.document)
    const firstEvents = [...changedSettings(state.config, options), firstEvent(replayed)]
    return await carryOut({ program, state, lastAt, paths, lock, options: kept, machine, firstEvents })
  } finally {
    await lock.release()
  }
}

/**
 * Ends a run that nobody carries out any longer, with the steps that its kfp-ts left running.
 *
 * @returns how it ended: now, or before (`wasOver`)
 */
export async function cancelRun(
  runId: string,
  options: RunOptions,
): Promise<{ readonly report: RunReport; readonly wasOver: boolean }> {
  const paths = runPaths(options.root, runId)
  const manifest = await manifestOf(options.root, runId)
  const lock = await lockRun(paths)
  try {
    const { program, state, lastAt } = await replay(paths, manifest)
    if (isFinished(state)) return { report: report(program, state), wasOver: true }
    const kept = keptOptions(manifest, options)
    const at = Math.max(lastAt, Date.now())
    const canceled = await recordCancel(program, state, paths, at)
    const firstEvents = [{ kind: 'clock' } as const]
    const machine = makeMachine(kept)
    const run = { program, state: canceled, lastAt: at, paths, lock, options: kept, machine, firstEvents }
    return { report: (await carryOut(run)).report, wasOver: false }
  } finally {
    await lock.release()
  }
}

/** Before anything is carried out, so that what has not begun yet does not begin. */
async function recordCancel(program: Program, state: RunState, paths: RunPaths, at: number): Promise<RunState> {
  const record: JournalRecord = { at, event: CANCEL_REQUESTED }
  const journal = await openJournal<JournalRecord>(paths.journal)
  try {
    await journal.append([record])
  } finally {
    await journal.close()
  }
  return advance(program, state, record.event, record.at).state
}

const CANCEL_REQUESTED: RunEvent = { kind: 'cancel-requested', reason: 'canceled on request' }

/** Limits that are given are those from now on, also when it goes on once more. */
function changedSettings(config: RunConfig, options: RunOptions): RunEvent[] {
  const names = ['timeoutMillis', 'taskTimeoutMillis', 'parallelism'] as const
  const changed = names.filter((name) => options[name] !== undefined && options[name] !== config[name])
  const settings: RunSettings = Object.fromEntries(changed.map((name) => [name, options[name]]))
  return changed.length === 0 ? [] : [{ kind: 'settings-changed', settings }]
}

interface CarryOut {
  readonly program: Program
  readonly state: RunState
  /** Time of the last record in the journal. */
  readonly lastAt: number
  readonly paths: RunPaths
  readonly lock: Lock
  readonly options: RunOptions
  readonly machine: Machine
  readonly firstEvents: readonly RunEvent[]
}

async function carryOut(run: CarryOut): Promise<LocalRunResult> {
  const { program, paths, options, machine } = run
  const { runId } = run.state.config
  const now = runClock(run.lastAt)
  const journal = await openJournal<JournalRecord>(paths.journal)
  const executor = makeExecutor({
    paths,
    runId,
    runtime: await machine.stepRuntime(),
    cache: openCacheIndex(cacheFolder(options.root), artifactPath),
    reuse: openReuse(options.root),
    openStore: machine.openStore,
    waitSources: machine.waitSources(),
    namespace: options.waits?.namespace ?? '',
    now,
    ...(options.beforeAttempt && { beforeAttempt: options.beforeAttempt }),
  })
  const interrupt = new AbortController()
  const forwardInterrupt = () => interrupt.abort()
  options.interrupt?.addEventListener('abort', forwardInterrupt)
  if (options.interrupt?.aborted) forwardInterrupt()
  let stopWatching = () => {}
  // How the run ended before: whoever finds no report knows that it has not ended yet.
  await rm(paths.report, { force: true })
  options.observer?.onBegin?.(program, run.state, paths)
  try {
    const state = await drive({
      program,
      state: run.state,
      journal,
      now,
      handlers: (emit) => {
        stopWatching = watchCancelRequest(paths, () => emit(CANCEL_REQUESTED))
        return executor.handlers(emit)
      },
      firstEvents: run.firstEvents,
      interrupt: interrupt.signal,
      onStep: (records, actions, state) => options.observer?.onStep?.(records, actions, state),
    })
    const interrupted = !isFinished(state)
    if (interrupted) await stopSteps(executor, options)
    await executor.settle()
    const runReport = report(program, state)
    await writeReport(paths, runReport)
    return { report: runReport, interrupted, paths }
  } catch (error) {
    await stopSteps(executor, options)
    throw explainDiskFull(error as NodeJS.ErrnoException, runId)
  } finally {
    stopWatching()
    options.interrupt?.removeEventListener('abort', forwardInterrupt)
    await journal.close()
    await run.lock.release()
  }
}

const INTERRUPT_GRACE_MILLIS = 10_000

/** Asks the steps to end; a second interrupt kills them at once. */
async function stopSteps(executor: LocalExecutor, options: RunOptions): Promise<void> {
  const kill = () => void executor.interrupt(0)
  options.kill?.addEventListener('abort', kill, { once: true })
  await executor.interrupt(options.kill?.aborted ? 0 : INTERRUPT_GRACE_MILLIS)
  options.kill?.removeEventListener('abort', kill)
}

export const cacheFolder = (root: string) => join(root, 'cache')

function keptOptions(manifest: RunManifest<RunConfig>, options: RunOptions): RunOptions {
  const runtime = manifest.options['runtime'] === 'container' ? 'container' : options.runtime
  return { ...options, runtime, hostCommands: options.hostCommands || manifest.options['hostCommands'] === true }
}

async function lockRun(paths: RunPaths): Promise<Lock> {
  const lock = await tryLock(paths.lock)
  if ('release' in lock) {
    // At once: what is asked for from now on is meant for us.
    await forgetCancelRequest(paths)
    return lock
  }
  const message = `run ${paths.folder.split('/').at(-1)} is being carried out by process ${lock.heldBy.pid}`
  throw new InvalidInputError([
    { code: 'run-is-busy', severity: 'error', path: '', message, hint: 'wait for it, or stop it first' },
  ])
}

/** @throws InvalidInputError when there is no such run */
export async function manifestOf(root: string, runId: string): Promise<RunManifest<RunConfig>> {
  const manifest = await readManifest<RunConfig>(runPaths(root, runId))
  if (!manifest) throw unknownRun(runId, root)
  return manifest
}

function unknownRun(runId: string, root: string): InvalidInputError {
  const hint = '"kfp-ts runs" lists the runs; --root names another folder'
  const message = `there is no run "${runId}" in ${root}`
  return new InvalidInputError([{ code: 'unknown-run', severity: 'error', path: '', message, hint }])
}

function refuse(issues: readonly Issue[]): void {
  if (issues.some(({ severity }) => severity === 'error')) throw new InvalidInputError(issues)
}

function explainDiskFull(error: NodeJS.ErrnoException, runId: string): Error {
  if (error.code !== 'ENOSPC') return error
  const message = `the disk is full: the run stopped. Free some space, then "kfp-ts run --resume ${runId}" goes on where it was`
  return new Error(message, { cause: error })
}
