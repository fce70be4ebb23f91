/** Finds the Python of this machine that environments are made from, and remembers it: a version manager's shim takes long. */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { access, constants, open, readFile, realpath, stat } from 'node:fs/promises'
import { delimiter, dirname, isAbsolute, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { writeFileAtomically } from '../../store/write-file.ts'

type Env = Readonly<Record<string, string | undefined>>

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
 * @param memory folder for what was found before
 * @returns undefined when there is none that starts
 */
export async function findInterpreter(env: Env, memory: string): Promise<Interpreter | undefined> {
  const program = await findProgram(env['KFP_TS_PYTHON'] || 'python3', env)
  if (program === undefined) return undefined
  const key = await identityKey(program, env)
  const file = key === undefined ? undefined : join(memory, `${key}.json`)
  const remembered = file === undefined ? undefined : await recall(file)
  if (remembered) return remembered
  const found = await ask(program, env)
  if (found && file !== undefined) await writeFileAtomically(file, JSON.stringify(found), false).catch(() => undefined)
  return found
}

async function ask(program: string, env: Env): Promise<Interpreter | undefined> {
  try {
    const { stdout } = await promisify(execFile)(program, ['-c', PROBE], { env: { ...env }, timeout: 30_000 })
    const [path, version] = stdout.trim().split('\n')
    return path && version ? { path, version } : undefined
  } catch {
    return undefined
  }
}

async function findProgram(name: string, env: Env): Promise<string | undefined> {
  const candidates = isAbsolute(name)
    ? [name]
    : (env['PATH'] ?? '').split(delimiter).map((folder) => resolve(folder, name))
  for (const candidate of candidates) {
    const isThere = await access(candidate, constants.X_OK).then(
      () => true,
      () => false,
    )
    if (isThere) return candidate
  }
  return undefined
}

/**
 * What the answer depends on: the program itself, or for pyenv's shim the files and variable that it chooses by.
 *
 * @returns undefined for other scripts: nobody knows what they look at, so they are asked each time
 */
async function identityKey(program: string, env: Env): Promise<string | undefined> {
  const path = await realpath(program)
  const { mtimeMs, size } = await stat(path)
  const parts: unknown[] = [program, path, mtimeMs, size]
  if ((await readStart(path)) === '#!') {
    if (!program.endsWith('/shims/python3')) return undefined
    const pyenv = dirname(dirname(program))
    if (!(await textOf(program))?.includes('pyenv')) return undefined
    parts.push(env['PYENV_VERSION'], await nearestVersionFile(process.cwd()), await textOf(join(pyenv, 'version')))
  }
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 24)
}

async function readStart(path: string): Promise<string> {
  const file = await open(path, 'r')
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(2), 0, 2, 0)
    return buffer.toString('latin1', 0, bytesRead)
  } finally {
    await file.close()
  }
}

async function nearestVersionFile(folder: string): Promise<string | undefined> {
  const text = await textOf(join(folder, '.python-version'))
  const parent = dirname(folder)
  return text ?? (parent === folder ? undefined : nearestVersionFile(parent))
}

async function recall(file: string): Promise<Interpreter | undefined> {
  try {
    const found = JSON.parse(await readFile(file, 'utf8')) as Interpreter
    await access(found.path, constants.X_OK)
    return found
  } catch {
    return undefined
  }
}

async function textOf(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch(() => undefined)
}
