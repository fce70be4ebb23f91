/** PyPI's own MLflow server, which ours is compared with. */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { freePort } from '../free-port.ts'
import { MLFLOW_3, pythonEnvironment, recipe } from '../python-environment.ts'

export interface MlflowServer {
  readonly url: string
  stop(): Promise<void>
}

/**
 * Ends when it answers.
 *
 * @param store.database as SQLAlchemy reads it
 * @param store.directory of the artifacts
 * @param args more options of `mlflow server`
 */
export async function startMlflow(
  { database, directory }: { readonly database: string; readonly directory: string },
  ...args: readonly string[]
): Promise<MlflowServer> {
  const driver = database.startsWith('postgresql:') ? ['psycopg2-binary'] : []
  const bin = join(await pythonEnvironment(recipe(...MLFLOW_3.packages, ...driver)), 'bin')
  const port = await freePort()
  const store = ['--backend-store-uri', database, '--artifacts-destination', directory]
  const server = spawn(
    join(bin, 'mlflow'),
    ['server', ...store, '--host', '127.0.0.1', '--port', String(port), ...args],
    {
      stdio: 'ignore',
      detached: true,
      cwd: directory,
      env: { ...process.env, PATH: `${bin}:${process.env['PATH']}` },
    },
  )
  const ended = new Promise((resolve) => server.once('exit', resolve))
  const url = `http://127.0.0.1:${port}`
  while (!(await answers(`${url}/health`))) {
    if (server.exitCode !== null) throw new Error('mlflow server ended')
    await delay(300)
  }
  return {
    url,
    stop: async () => {
      process.kill(-server.pid!, 'SIGTERM')
      await ended
    },
  }
}

const answers = (url: string): Promise<boolean> =>
  fetch(url).then(
    (response) => response.ok,
    () => false,
  )
