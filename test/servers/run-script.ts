/** Runs Python programs of tests in an environment of client packages. */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
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
