/**
 * Cached virtual environments: one per interpreter and package set, made once on this machine by running the component's own
 * install script inside a new environment. A step then finds its packages there and its install lines cost nothing.
 */
import { spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { appendFileSync, closeSync, mkdirSync, openSync } from 'node:fs'
import { access, chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { waitForLock } from '../../store/lock.ts'
import { writeFileAtomically } from '../../store/write-file.ts'
import type { PythonBootstrap } from './bootstrap.ts'
import type { Interpreter } from './interpreter.ts'

export interface PythonEnvironment {
  /** Changes to a step's environment variables. */
  readonly variables: Readonly<Record<string, string>>
}

export interface EnvironmentCache {
  /**
   * Gives the environment for a component, making it first where this machine has none yet.
   *
   * @param logFile gets the output of the installation
   * @throws EnvironmentError when it can't be made
   */
  readonly provide: (bootstrap: PythonBootstrap, logFile: string, signal: AbortSignal) => Promise<PythonEnvironment>
}

/** The packages of a step could not be installed; the log has the output. */
export class EnvironmentError extends Error {}

/** Folder outside of any checkout for what can be made again. */
export function cacheHome(env: Readonly<Record<string, string | undefined>>): string {
  return join(env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'kfp-ts')
}

export function openEnvironmentCache(
  folder: string,
  interpreter: Interpreter,
  env: Readonly<Record<string, string | undefined>>,
): EnvironmentCache {
  const inProgress = new Map<string, Promise<string>>()
  return {
    provide: async (bootstrap, logFile, signal) => {
      const place = join(folder, environmentKey(bootstrap, interpreter))
      const ready = await readyEnvironment(place)
      if (ready) return { variables: variablesOf(ready, env) }
      const making = inProgress.get(place) ?? makeLocked(place, { bootstrap, interpreter, env, logFile, signal })
      inProgress.set(place, making)
      return { variables: variablesOf(await making.finally(() => inProgress.delete(place)), env) }
    },
  }
}

/** Package names and options decide; quoting, white space and order of packages do not. */
function environmentKey(bootstrap: PythonBootstrap, interpreter: Interpreter): string {
  const parts = {
    path: interpreter.path,
    version: interpreter.version,
    installs: bootstrap.installs.map((words) => [...words].sort()),
    makesVenv: bootstrap.makesVenv,
  }
  const minor = interpreter.version.split('.').slice(0, 2).join('.')
  return `py${minor}-${createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 24)}`
}

function variablesOf(venv: string, env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return {
    PATH: [shimFolder(venv), join(venv, 'bin'), env['PATH'] ?? '/usr/bin:/bin'].join(':'),
    VIRTUAL_ENV: venv,
    PYTHONUNBUFFERED: '1',
    PIP_DISABLE_PIP_VERSION_CHECK: '1',
  }
}

const shimFolder = (venv: string) => join(venv, 'kfp-ts-shim')
/** Names the folder of the finished environment; written last. */
const readyFile = (place: string) => `${place}.json`

async function readyEnvironment(place: string): Promise<string | undefined> {
  try {
    const { folder } = JSON.parse(await readFile(readyFile(place), 'utf8')) as { folder: string }
    await access(folder)
    return folder
  } catch {
    return undefined
  }
}

interface Making {
  readonly bootstrap: PythonBootstrap
  readonly interpreter: Interpreter
  readonly env: Readonly<Record<string, string | undefined>>
  readonly logFile: string
  readonly signal: AbortSignal
}

/**
 * Each try has a folder of its own: an installer that outlived a killed kfp-ts may go on writing into its own, and nobody
 * reads there.
 *
 * @returns the environment's folder
 */
async function makeLocked(place: string, making: Making): Promise<string> {
  await mkdir(dirname(place), { recursive: true })
  mkdirSync(dirname(making.logFile), { recursive: true })
  const lock = await waitForLock(`${place}.lock`, making.signal)
  try {
    const ready = await readyEnvironment(place)
    if (ready) return ready
    const venv = `${place}-${randomBytes(4).toString('hex')}`
    await make(venv, making).catch(async (error: unknown) => {
      await rm(venv, { recursive: true, force: true })
      throw error
    })
    await writeFileAtomically(readyFile(place), JSON.stringify({ folder: venv, packages: describe(making.bootstrap) }))
    return venv
  } finally {
    await lock.release()
  }
}

async function make(venv: string, { bootstrap, interpreter, env, logFile, signal }: Making): Promise<void> {
  appendFileSync(logFile, `[kfp-ts] making a Python ${interpreter.version} environment: ${describe(bootstrap)}\n`)
  const clean = { ...env, PYTHONHOME: undefined, VIRTUAL_ENV: undefined }
  await runLogged([interpreter.path, '-m', 'venv', venv], clean, logFile, signal)
  await writeShim(venv, bootstrap)
  if (bootstrap.installScript === undefined) return
  const variables = { ...clean, ...variablesOf(venv, env), KFP_TS_INSTALLS: '1' }
  await runLogged(['/bin/sh', '-c', bootstrap.installScript, 'true'], variables, logFile, signal)
}

function describe(bootstrap: PythonBootstrap): string {
  return bootstrap.installs.map((words) => words.join(' ')).join('; ') || 'no packages'
}

/** Stands before the environment's python3 in PATH: answers the step's own install lines at once. */
async function writeShim(venv: string, bootstrap: PythonBootstrap): Promise<void> {
  const ownVenv = `if [ "$1 $2" = "-m venv" ] && [ "$4" = --system-site-packages ]; then mkdir -p "$3/bin" && : > "$3/bin/activate"; exit; fi\n`
  const script = `#!/bin/sh
# Made by kfp-ts: what the step installs is in this environment already.
if [ -z "$KFP_TS_INSTALLS" ] && [ "$1 $2 $3 $4 $5" = "-m pip install --quiet --no-warn-script-location" ]; then exit 0; fi
${bootstrap.makesVenv ? ownVenv : ''}exec '${join(venv, 'bin', 'python3').replaceAll("'", `'\\''`)}' "$@"
`
  const path = join(shimFolder(venv), 'python3')
  await mkdir(shimFolder(venv), { recursive: true })
  await writeFile(path, script)
  await chmod(path, 0o755)
}

async function runLogged(
  [program, ...args]: readonly [string, ...string[]],
  env: Readonly<Record<string, string | undefined>>,
  logFile: string,
  signal: AbortSignal,
): Promise<void> {
  const log = openSync(logFile, 'a')
  try {
    if (signal.aborted) throw new EnvironmentError('it was stopped before its packages were installed')
    // A group of its own, so that an abort ends the shell together with the installer that it started.
    const child = spawn(program, args, { env: { ...env }, stdio: ['ignore', log, log], detached: true })
    signal.addEventListener('abort', () => child.pid !== undefined && killGroup(child.pid), { once: true })
    const code = await new Promise<number | string>((resolve, reject) => {
      child.once('error', reject)
      child.once('exit', (exitCode, killed) => resolve(exitCode ?? String(killed)))
    })
    if (code === 0) return
    const action = args.includes('venv')
      ? 'making a virtual environment (Debian: install python3-venv)'
      : 'installing the packages of the step'
    throw new EnvironmentError(`${action} failed with exit status ${code}`)
  } finally {
    closeSync(log)
  }
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}
