/** kill -9 under load: what was acknowledged is there after the restart. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { startServerProcess } from './server-process.ts'
import { call, startTestServer } from './test-server.ts'

const directory = mkdtempSync(join(tmpdir(), 'kfp-ts-kill-'))
afterAll(() => rmSync(directory, { recursive: true, force: true }))

const CLIENTS = 50
const ROUNDS = 3

interface Acknowledged {
  readonly runId: string
  readonly metrics: Map<number, number>
}

/** Logs until the server is gone; notes only what was answered. */
async function client(url: string, noted: Acknowledged[], progress: () => void): Promise<void> {
  try {
    const created = await call(`${url}/api/2.0/mlflow/runs/create`, 'POST', { experiment_id: '0' })
    const { run_id: runId } = (created.body['run'] as { info: { run_id: string } }).info
    const own: Acknowledged = { runId, metrics: new Map() }
    noted.push(own)
    for (let step = 0; ; step++) {
      const metrics = [{ key: 'm', value: step * 2, timestamp: step, step }]
      const answer = await call(`${url}/api/2.0/mlflow/runs/log-batch`, 'POST', { run_id: runId, metrics })
      expect(answer.status).toBe(200)
      own.metrics.set(step, step * 2)
      progress()
    }
  } catch (error) {
    if ((error as Error).name === 'AssertionError') throw error
  }
}

test(`${CLIENTS} clients, ${ROUNDS} kills: nothing acknowledged is lost`, async () => {
  const noted: Acknowledged[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const server = await startServerProcess([directory])
    let count = 0
    const enough = Promise.withResolvers<void>()
    const progress = () => {
      count += 1
      if (count === 400) enough.resolve()
    }
    const clients = Promise.all(Array.from({ length: CLIENTS }, () => client(server.url, noted, progress)))
    // Clients that all gave up will never have enough.
    await Promise.race([enough.promise, clients])
    await server.kill()
    await clients
  }
  const server = await startTestServer({ dataDirectory: directory })
  const lost: string[] = []
  for (const { runId, metrics } of noted) {
    const found = await call(`${server.url}/api/2.0/mlflow/metrics/get-history?run_id=${runId}&metric_key=m`, 'GET')
    const stored = new Map(
      ((found.body['metrics'] as { step: number; value: number }[] | undefined) ?? []).map((m) => [m.step, m.value]),
    )
    for (const [step, value] of metrics) if (stored.get(step) !== value) lost.push(`${runId} step ${step}`)
  }
  await server.close()
  expect(noted.length).toBeGreaterThanOrEqual(CLIENTS)
  expect(lost).toEqual([])
})
