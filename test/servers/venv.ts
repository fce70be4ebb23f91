/** Python environments of client packages, made once per set of packages and kept in the user's cache. */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** The folder of an environment that has exactly these packages asked for; created by pip when it is missing. */
export async function pythonEnvironment(packages: readonly string[]): Promise<string> {
  const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'kfp-ts', 'venvs')
  const name = createHash('sha256').update(packages.join(' ')).digest('hex').slice(0, 12)
  const folder = join(cache, `servers-${name}`)
  if (existsSync(join(folder, 'complete'))) return folder
  mkdirSync(cache, { recursive: true })
  rmSync(folder, { recursive: true, force: true })
  await run('python3', ['-m', 'venv', folder])
  await run(join(folder, 'bin', 'pip'), ['install', '-q', '--disable-pip-version-check', ...packages], {
    maxBuffer: 64 * 1024 * 1024,
  })
  // Environments can't be moved: a mark says that this one is whole.
  mkdirSync(join(folder, 'partial'))
  renameSync(join(folder, 'partial'), join(folder, 'complete'))
  return folder
}

export const MLFLOW_3 = ['mlflow==3.17.2', 'scikit-learn']
export const MLFLOW_2 = ['mlflow-skinny==2.22.5', 'scikit-learn', 'pandas']
export const ONNX = ['onnx', 'skl2onnx', 'onnxruntime', 'scikit-learn', 'pandas']
export const KFP_2 = ['kfp==2.17.0']

const scripts = new URL('./python/', import.meta.url).pathname

/** Runs a script of ./python; rejects with its output when it fails. */
export async function runScript(
  environment: string,
  script: string,
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<string> {
  return await runProgram(environment, join(scripts, script), args, env)
}

/** Runs a Python file by its path. */
export async function runProgram(
  environment: string,
  file: string,
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<string> {
  const { stdout } = await run(join(environment, 'bin', 'python'), ['-W', 'ignore', file, ...args], {
    maxBuffer: 64 * 1024 * 1024,
    env: {
      ...process.env,
      PATH: `${join(environment, 'bin')}:${process.env['PATH']}`,
      // A first failure is the failure: the clients would repeat for minutes.
      MLFLOW_HTTP_REQUEST_MAX_RETRIES: '0',
      GIT_PYTHON_REFRESH: 'quiet',
      ...env,
    },
  })
  return stdout
}
