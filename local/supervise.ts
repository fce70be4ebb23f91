/**
 * Starts one process of a step so that nothing about it is lost when kfp-ts itself is killed: its output goes straight to a
 * file, a shell around it writes down who it is before it starts and how it ended after. Before: process-step.ts.
 */
import { spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { constants } from 'node:os'
import { dirname, join } from 'node:path'
import { isMissing } from '../store/digest.ts'
import { isAlive, type ProcessIdentity, startTicksOf } from '../store/process-identity.ts'
import { endGroup, endGroupOf, signalGroup } from './process-group.ts'

export interface StepCommand {
  readonly argv: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly cwd: string
  /** stdout and stderr are appended here. */
  readonly logFile: string
}

/** How a process ended. `lost`: it is gone and nobody saw how. */
export type ProcessEnd =
  | { readonly kind: 'exited'; readonly exitCode: number; readonly signal?: string }
  | { readonly kind: 'not-started'; readonly error: NodeJS.ErrnoException }
  | { readonly kind: 'lost' }

export interface SupervisedProcess {
  /** Nothing of its process group is left then. */
  readonly ended: Promise<ProcessEnd>
  /** Asks the whole process group to end, and kills it after the grace period. */
  readonly stop: (graceMillis: number) => void
}

/** What an earlier kfp-ts left behind for an attempt. */
export type LeftBehind =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'ended'; readonly end: ProcessEnd }
  | { readonly kind: 'running'; readonly process: SupervisedProcess }

/**
 * $1: file to claim, $2: file for the exit status, rest: the command. The claim (noclobber) makes a generation start at
 * most once; the trap keeps this shell alive while its group is asked to end, so that the status is written.
 */
const WRAPPER = `set -C
{ echo $$; { read -r stat < /proc/$$/stat && echo "$stat"; read -r boot < /proc/sys/kernel/random/boot_id && echo "$boot"; } 2>/dev/null; :; } > "$1" || exit 125
status=$2
shift 2
trap : TERM INT HUP
"$@"
code=$?
echo "$code" > "$status"
exit "$code"
`
const ADOPTED_POLL_MILLIS = 100
const VOID_CLAIM = 'void\n'

/** Starts the command as the next generation of the attempt whose records lie in `folder`. */
export function startProcess(folder: string, command: StepCommand): SupervisedProcess {
  mkdirSync(folder, { recursive: true })
  mkdirSync(dirname(command.logFile), { recursive: true })
  mkdirSync(command.cwd, { recursive: true })
  const generation = generationsIn(folder).length
  const wrapped = ['-c', WRAPPER, 'kfp-ts-step', claimFile(folder, generation), exitFile(folder, generation)]
  const child = spawnLogged([...wrapped, ...command.argv], command)
  if (child instanceof Error)
    return { ended: Promise.resolve({ kind: 'not-started', error: child }), stop: () => undefined }
  const ended = new Promise<ProcessEnd>((resolve) => {
    child.once('error', (error) => resolve({ kind: 'not-started', error }))
    child.once('exit', (code, signal) => {
      const end = endOf(code ?? 128 + (signal ? constants.signals[signal] : 0))
      void endGroup(child.pid!).then(() => resolve(end))
    })
  })
  return { ended, stop: (graceMillis) => stopGroup(folder, generation, child.pid, ended, graceMillis) }
}

/** In a session and process group of its own: Ctrl-C on the terminal reaches kfp-ts alone, which then decides. */
function spawnLogged(args: readonly string[], { cwd, env, logFile }: StepCommand) {
  const log = openSync(logFile, 'a')
  try {
    return spawn('/bin/sh', args, { cwd, env, stdio: ['ignore', log, log], detached: true })
  } catch (error) {
    return error as NodeJS.ErrnoException
  } finally {
    closeSync(log)
  }
}

/**
 * Finds what became of an attempt that an earlier kfp-ts started. First it takes the next claim away from a wrapper that
 * was started but had not run yet when its kfp-ts was killed, so that nothing can start behind our back.
 */
export async function findLeftBehind(folder: string): Promise<LeftBehind> {
  mkdirSync(folder, { recursive: true })
  forbidLateStart(folder)
  const generation = generationsIn(folder).findLastIndex(
    (_, index) => readText(claimFile(folder, index)) !== VOID_CLAIM,
  )
  if (generation < 0) return { kind: 'nothing' }
  // A wrapper that has made its claim but not filled it in needs a moment.
  if (readText(claimFile(folder, generation)) === '')
    await new Promise((resolve) => setTimeout(resolve, ADOPTED_POLL_MILLIS))
  const identity = readClaim(claimFile(folder, generation))
  // Asked before the exit status: who is gone has written it by then, if at all.
  const isRunning = identity !== undefined && isAlive(identity)
  const exitCode = readExitCode(exitFile(folder, generation))
  if (isRunning && exitCode === undefined) return { kind: 'running', process: adopt(folder, generation, identity) }
  if (identity) await endGroupOf(identity)
  if (exitCode === undefined) return { kind: 'nothing' }
  const wasStopped = readText(stopFile(folder, generation)) !== undefined
  return wasStopped && exitCode !== 0 ? { kind: 'nothing' } : { kind: 'ended', end: endOf(exitCode) }
}

function forbidLateStart(folder: string): void {
  try {
    writeFileSync(claimFile(folder, generationsIn(folder).length), VOID_CLAIM, { flag: 'wx' })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
}

function adopt(folder: string, generation: number, identity: ProcessIdentity): SupervisedProcess {
  const ended = new Promise<ProcessEnd>((resolve) => {
    const timer = setInterval(() => {
      const alive = isAlive(identity)
      const exitCode = readExitCode(exitFile(folder, generation))
      if (exitCode === undefined && alive) return
      clearInterval(timer)
      const end: ProcessEnd = exitCode === undefined ? { kind: 'lost' } : endOf(exitCode)
      void endGroupOf(identity).then(() => resolve(end))
    }, ADOPTED_POLL_MILLIS)
  })
  return { ended, stop: (graceMillis) => stopGroup(folder, generation, identity.pid, ended, graceMillis) }
}

/** The mark comes first: should kfp-ts die meanwhile, a resume knows that the exit status is our doing. */
function stopGroup(
  folder: string,
  generation: number,
  pid: number | undefined,
  ended: Promise<ProcessEnd>,
  graceMillis: number,
): void {
  if (pid === undefined) return
  writeFileSync(stopFile(folder, generation), '')
  signalGroup(pid, graceMillis > 0 ? 'SIGTERM' : 'SIGKILL')
  const timer = setTimeout(() => signalGroup(pid, 'SIGKILL'), graceMillis)
  void ended.then(() => clearTimeout(timer))
}

/** A shell reports death by signal N as 128 + N. */
function endOf(exitCode: number): ProcessEnd {
  const signal = Object.entries(constants.signals).find(([, number]) => number === exitCode - 128)?.[0]
  return { kind: 'exited', exitCode, ...(signal === undefined ? {} : { signal }) }
}

const claimFile = (folder: string, generation: number) => join(folder, `process-${generation}`)
const exitFile = (folder: string, generation: number) => join(folder, `exit-${generation}`)
const stopFile = (folder: string, generation: number) => join(folder, `stopped-${generation}`)

function generationsIn(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => name.startsWith('process-'))
  } catch (error) {
    if (isMissing(error)) return []
    throw error
  }
}

function readClaim(path: string): ProcessIdentity | undefined {
  const [pid, stat, bootId] = (readText(path) ?? '').split('\n')
  if (!pid) return undefined
  const startTicks = stat ? startTicksOf(stat) : undefined
  return { pid: Number(pid), ...(startTicks ? { startTicks } : {}), ...(bootId ? { bootId } : {}) }
}

function readExitCode(path: string): number | undefined {
  const text = readText(path)
  return text?.endsWith('\n') ? Number(text) : undefined
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}
