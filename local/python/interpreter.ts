/** Finds the Python of this machine that environments are made from. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

export interface Interpreter {
  /** Absolute path of the program itself, not of a shim. */
  readonly path: string
  /** For example `3.11.7`. */
  readonly version: string
}

/** Words that begin every message about a missing Python; tests and the command line rely on them. */
export const NO_PYTHON = 'no Python on this machine'

const PROBE =
  'import sys, platform; print(getattr(sys, "_base_executable", None) or sys.executable); print(platform.python_version())'

/**
 * Asks `KFP_TS_PYTHON`, or else the first `python3` in PATH, who it is.
 *
 * @returns undefined when there is none that starts
 */
export async function findInterpreter(
  env: Readonly<Record<string, string | undefined>>,
): Promise<Interpreter | undefined> {
  const program = env['KFP_TS_PYTHON'] || 'python3'
  try {
    const { stdout } = await promisify(execFile)(program, ['-c', PROBE], { env: { ...env }, timeout: 30_000 })
    const [path, version] = stdout.trim().split('\n')
    return path && version ? { path, version } : undefined
  } catch {
    return undefined
  }
}
