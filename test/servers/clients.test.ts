/** Unmodified kfp and mlflow clients from PyPI against our server, on SQLite and on Postgres. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { KFP_2, MLFLOW_2, MLFLOW_3, pythonEnvironment } from '../python-environment.ts'
import { startPostgres, type TestPostgres } from './postgres.ts'
import { runScript } from './run-script.ts'
import { scriptedExecutor } from './scripted-executor.ts'
import { startTestServer, type TestServer } from './test-server.ts'

describe.each(['sqlite', 'postgres'] as const)('clients on %s', (kind) => {
  let postgres: TestPostgres | undefined
  let server: TestServer

  beforeAll(async () => {
    postgres = kind === 'postgres' ? await startPostgres(['fsync=off']) : undefined
    server = await startTestServer({ database: postgres?.url, executor: scriptedExecutor })
  })
  afterAll(async () => {
    await server?.close()
    await postgres?.stop()
  })

  test.each([
    ['mlflow 3', MLFLOW_3, 'mlflow_flow.py'],
    ['mlflow 2.22', MLFLOW_2, 'mlflow_flow.py'],
    ['mlflow 3: models and files', MLFLOW_3, 'mlflow_models_flow.py'],
    ['mlflow 2.22: models and files', MLFLOW_2, 'mlflow_models_flow.py'],
    ['kfp 2 client and command line', KFP_2, 'kfp_flow.py'],
  ])('%s', async (_name, packages, script) => {
    expect(await runScript(await pythonEnvironment(packages), script, [server.url])).toContain('passed')
  })
})
