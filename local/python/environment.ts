/**
 * Cached virtual environments: one per interpreter and package set, made once on this machine by running the component's own
 * install script inside a new environment. A step then finds its packages there and its install lines cost nothing.
 */
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { appendFileSync, closeSync, mkdirSync, openSync } from 'node:fs'
import { access, chmod, mkdir, rm, writeFile } from 'node:fs/promises'
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
  const inProgress = new Map<string, Promise<void>>()
  return {
    provide: async (bootstrap, logFile, signal) => {
      const venv = join(folder, environmentKey(bootstrap, interpreter))
      if (!(await isReady(venv))) {
        const making = inProgress.get(venv) ?? makeLocked(venv, bootstrap, interpreter, env, logFile, signal)
        inProgress.set(venv, making)
        await making.finally(() => inProgress.delete(venv))
      }
      return { variables: variablesOf(venv, env) }
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

const readyFile = (venv: string) => join(venv, 'kfp-ts-ready')
const shimFolder = (venv: string) => join(venv, 'kfp-ts-shim')

async function isReady(venv: string): Promise<boolean> {
  return access(readyFile(venv)).then(
    () => true,
    () => false,
  )
}

/** The ready mark is written last, so that an environment whose making was killed is made anew. */
async function makeLocked(
  venv: string,
  bootstrap: PythonBootstrap,
  interpreter: Interpreter,
  env: Readonly<Record<string, string | undefined>>,
  logFile: string,
  signal: AbortSignal,
): Promise<void> {
  await mkdir(dirname(venv), { recursive: true })
  mkdirSync(dirname(logFile), { recursive: true })
  const lock = await waitForLock(`${venv}.lock`)
  try {
    if (await isReady(venv)) return
    await rm(venv, { recursive: true, force: true })
    appendFileSync(logFile, `[kfp-ts] making a Python ${interpreter.version} environment: ${describe(bootstrap)}\n`)
    const clean = { ...env, PYTHONHOME: undefined, VIRTUAL_ENV: undefined }
    await runLogged([interpreter.path, '-m', 'venv', venv], clean, logFile, signal)
    await writeShim(venv, bootstrap)
    if (bootstrap.installScript !== undefined) {
      const variables = { ...clean, ...variablesOf(venv, env), KFP_TS_INSTALLS: '1' }
      await runLogged(['/bin/sh', '-c', bootstrap.installScript, 'true'], variables, logFile, signal)
    }
    await writeFileAtomically(readyFile(venv), `${describe(bootstrap)}\n`)
  } finally {
    await lock.release()
  }
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
    const child = spawn(program, args, { env: { ...env }, stdio: ['ignore', log, log], signal })
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
