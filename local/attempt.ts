/** One attempt of a step from its launch to its result: prepare, start (or find what is left of it), wait, collect. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import type { Action, AttemptFailure, AttemptResult, Launch } from '../engine/types.ts'
import { logPath, type RunPaths, taskFolder } from '../store/run-folder.ts'
import { classifyFailure } from './classify-failure.ts'
import { collectStepOutputs } from './collect.ts'
import { EnvironmentError } from './python/environment.ts'
import { readLogTail, shortenLog } from './step-log.ts'
import { findLeftBehind, type ProcessEnd, type StepCommand, type SupervisedProcess, startProcess } from './supervise.ts'

export type StartAttempt = Extract<Action, { kind: 'start-attempt' }>

/** How a launch becomes a process on this machine; one implementation for host processes, one for containers. */
export interface StepRuntime {
  /** May take long (a Python environment is made). @throws EnvironmentError, Error with a message for the user */
  readonly prepare: (request: StepRequest) => Promise<StepCommand>
  /** Ends what a killed client process would leave running. */
  readonly cleanUp?: (request: StepRequest) => Promise<void>
}

export interface StepRequest {
  /** Path of the task. */
  readonly task: string
  readonly launch: Launch
  readonly attempt: number
  readonly logFile: string
  readonly temporaryFolder: string
  /** Distinct for each attempt on this machine: for container and cgroup names. */
  readonly uniqueName: string
  readonly signal: AbortSignal
}

/** Ended because the engine wants it, or to be run again by a resume. */
export interface Stop {
  readonly kind: 'canceled' | 'interrupted'
  readonly reason: string
}

/** A running attempt, as the executor holds it. */
export interface AttemptHandle {
  /** undefined when it was stopped to be continued by a resume. */
  readonly result: Promise<AttemptResult | undefined>
  readonly cancel: (stop: Stop, graceMillis: number) => void
}

const LOG_CHECK_MILLIS = 1000

export function runAttempt(
  action: StartAttempt,
  paths: RunPaths,
  runtime: StepRuntime,
  isResume: boolean,
  onStarted: (survived: boolean) => void,
): AttemptHandle {
  const control = new AbortController()
  let stopped: Stop | undefined
  let running: SupervisedProcess | undefined
  const oomKillsBefore = oomKillCount()
  const cancel: AttemptHandle['cancel'] = (stop, graceMillis) => {
    stopped ??= stop
    control.abort()
    running?.stop(graceMillis)
  }
  const request = requestOf(action, paths, control.signal)
  const work = async (): Promise<AttemptResult | undefined> => {
    const found = await startOrFind(action, paths, runtime, request, isResume)
    if (found.kind === 'refused') return stopped ? stoppedResult(stopped, '') : failed(found.failure)
    if (found.kind === 'running') {
      running = found.process
      onStarted(found.survived)
      if (stopped) running.stop(0)
    }
    const end = found.kind === 'running' ? await watch(found.process, request.logFile) : found.end
    await runtime.cleanUp?.(request)
    return settle(action, request, end, { stopped, oomKillsBefore })
  }
  const result = work()
    .catch((error: unknown) => failed({ cause: 'infrastructure', message: String((error as Error).message ?? error) }))
    .finally(() => rm(request.temporaryFolder, { recursive: true, force: true }))
  return { result, cancel }
}

function requestOf(action: StartAttempt, paths: RunPaths, signal: AbortSignal): StepRequest {
  const { task, attempt, launch } = action
  const digest = createHash('sha256').update(`${paths.folder}\0${task}\0${attempt}`).digest('hex').slice(0, 12)
  return {
    task,
    launch,
    attempt,
    logFile: logPath(paths, task, attempt),
    temporaryFolder: join(tmpdir(), `kfp-ts-${digest}`),
    uniqueName: `kfp-ts-${digest}`,
    signal,
  }
}

type Beginning =
  | { readonly kind: 'running'; readonly process: SupervisedProcess; readonly survived: boolean }
  | { readonly kind: 'ended'; readonly end: ProcessEnd }
  | { readonly kind: 'refused'; readonly failure: AttemptFailure }

async function startOrFind(
  action: StartAttempt,
  paths: RunPaths,
  runtime: StepRuntime,
  request: StepRequest,
  isResume: boolean,
): Promise<Beginning> {
  const folder = join(taskFolder(paths.attempts, action.task), String(action.attempt))
  if (isResume) {
    const left = await findLeftBehind(folder)
    if (left.kind === 'running') return { ...left, survived: true }
    if (left.kind === 'ended') return left
  }
  await layOutFolders(action.launch, paths, request)
  try {
    const command = await runtime.prepare(request)
    if (request.signal.aborted)
      return { kind: 'refused', failure: { cause: 'infrastructure', message: 'stopped before it started' } }
    return { kind: 'running', process: startProcess(folder, command), survived: false }
  } catch (error) {
    const cause = error instanceof EnvironmentError ? 'image' : 'configuration'
    const logTail = await readLogTail(request.logFile)
    const message = `${action.launch.displayName} can't start: ${(error as Error).message}; log: ${request.logFile}`
    return { kind: 'refused', failure: { cause, message, ...(logTail ? { logTail } : {}) } }
  }
}

/** Every attempt begins as in a fresh Pod: what an earlier one of this run wrote to the same places is removed. */
async function layOutFolders(launch: Launch, paths: RunPaths, request: StepRequest): Promise<void> {
  const { executorInput, outputs } = launch
  const files = [
    executorInput.outputs.outputFile,
    ...Object.values(outputs.artifacts).map(({ path }) => path),
    ...Object.values(outputs.parameters).map(({ outputFile }) => outputFile),
  ]
  const isOurs = (path: string) => path.startsWith(`${paths.folder}/`) || path.includes(`/${basename(paths.folder)}/`)
  const stale = [launch.scratchDir, request.temporaryFolder, ...files.filter(isOurs)]
  for (const path of stale) await rm(path, { recursive: true, force: true })
  const folders = [launch.scratchDir, request.temporaryFolder, ...files.map((file) => dirname(file))]
  if (launch.usesWorkspace) folders.push(paths.workspace)
  for (const folder of new Set(folders)) await mkdir(folder, { recursive: true })
}

/** Waits for the end and keeps the log within its limit meanwhile. */
async function watch(process: SupervisedProcess, logFile: string): Promise<ProcessEnd> {
  const timer = setInterval(() => void shortenLog(logFile).catch(() => undefined), LOG_CHECK_MILLIS)
  try {
    return await process.ended
  } finally {
    clearInterval(timer)
    await shortenLog(logFile).catch(() => undefined)
  }
}

async function settle(
  action: StartAttempt,
  request: StepRequest,
  end: ProcessEnd,
  { stopped, oomKillsBefore }: { stopped: Stop | undefined; oomKillsBefore: number },
): Promise<AttemptResult | undefined> {
  const succeeded = end.kind === 'exited' && end.exitCode === 0
  const logTail = await readLogTail(request.logFile)
  if (stopped && !(succeeded && stopped.kind === 'interrupted')) return stoppedResult(stopped, logTail)
  if (succeeded) {
    const collected = await collectStepOutputs(action.launch)
    return 'outputs' in collected
      ? { outcome: 'succeeded', outputs: collected.outputs }
      : failed({ ...collected.failure, ...(logTail ? { logTail } : {}) })
  }
  const evidence = {
    logTail,
    kernelKilledForMemory: oomKillCount() > oomKillsBefore,
    stepName: action.launch.displayName,
    logFile: request.logFile,
  }
  return failed(classifyFailure(end, evidence))
}

/** The engine, which asked for the end, knows why; the last lines are for the report of a step that took too long. */
function stoppedResult({ kind, reason }: Stop, logTail: string): AttemptResult | undefined {
  if (kind === 'interrupted') return undefined
  return logTail === '' ? { outcome: 'canceled' } : failed({ cause: 'infrastructure', message: reason, logTail })
}

function failed(failure: AttemptFailure): AttemptResult {
  return { outcome: 'failed', failure }
}

/** How often the kernel ended a process of this machine for want of memory, since boot. */
function oomKillCount(): number {
  try {
    return Number(/^oom_kill (\d+)$/m.exec(readFileSync('/proc/vmstat', 'utf8'))?.[1] ?? 0)
  } catch {
    return 0
  }
}
