/** Runs of this machine that wait for a real server, a file, another run: to the end, stopped and resumed, canceled by a limit. */

import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { definePipeline, t, waitFor } from 'kfp-ts'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { JsonValue } from '../api/json.ts'
import { compile } from '../compiler/compile.ts'
import type { AnyPipeline } from '../dsl/pipeline.ts'
import type { RunEvent } from '../engine/types.ts'
import type { RunOptions } from './machine.ts'
import { resumeRun, startRun } from './run.ts'

let folder: string
let server: Server
let base: string
let status: number
let looks: number

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kfp-ts-waits-'))
  server = createServer((_request, response) => {
    looks++
    response
      .writeHead(status, { 'content-type': 'application/json' })
      .end(`{"state":"${status === 200 ? 'done' : ''}"}`)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(async () => {
  await new Promise((resolve) => server.close(resolve))
  await rm(folder, { recursive: true })
})
beforeEach(() => {
  status = 503
  looks = 0
})

const every = { everySeconds: 0.1 }
const ready = definePipeline({ name: 'ready', inputs: { url: t.string(), path: t.string() } }, ({ url, path }) => {
  const answer = waitFor.http({ url, until: 'json.state == "done"', ...every })
  const file = waitFor.object({ uri: path, type: t.dataset(), minBytes: 5, ...every }).after(answer)
  const moment = waitFor.time({ afterSeconds: 0.2 }).after(file)
  return { answer: answer.outputs.json, size: file.outputs.size, time: moment.outputs.time }
})

async function start(pipeline: AnyPipeline, args: Record<string, JsonValue>, more: Partial<RunOptions> = {}) {
  const { document } = await compile(pipeline)
  return await startRun(document!, args, { root: folder, runtime: 'process', hostCommands: false, ...more })
}

/** Calls back at each event of a kind. */
const on = (kind: RunEvent['kind'], then: (event: RunEvent) => unknown): Partial<RunOptions> => ({
  observer: {
    onStep: (records) => {
      for (const { event } of records) if (event.kind === kind) then(event)
    },
  },
})

test('a run waits for a server, then for a file, and tells what it sees meanwhile', async () => {
  const path = join(folder, 'day.csv')
  const seen: string[] = []
  const result = await start(
    ready,
    { url: `${base}/x`, path },
    on('wait-seen', async (event) => {
      seen.push((event as { message: string }).message)
      if (seen.length === 1) status = 200
      else if (seen.length === 2) await writeFile(path, '123456')
    }),
  )
  expect(result.report.error).toBeUndefined()
  expect(result.report.outputs).toMatchObject({ answer: { state: 'done' }, size: 6 })
  expect(seen).toEqual([`GET ${base}/x answered 503 (looks every 0.1 s)`, `${path} does not exist (looks every 0.1 s)`])
  const file = result.report.tasks.find(({ path: task }) => task === 'root/wait-for-object')!
  expect(file.outputs.artifacts['artifact']).toMatchObject([{ uri: path, type: { schemaTitle: 'system.Dataset' } }])
})

test('stopped while it waits, it goes on waiting when it is resumed', async () => {
  const path = join(folder, 'other.csv')
  await appendFile(path, '12345')
  const stop = new AbortController()
  const stopped = await start(
    ready,
    { url: `${base}/y`, path },
    { interrupt: stop.signal, ...on('wait-seen', () => stop.abort()) },
  )
  expect(stopped.interrupted).toBe(true)
  expect(stopped.report.tasks[0]!.waitingFor).toContain('answered 503')
  const before = looks
  status = 200
  const options = { root: folder, runtime: 'process', hostCommands: false } as const
  const resumed = await resumeRun(stopped.report.runId, options)
  expect([resumed.report.state, resumed.report.tasks[0]!.attempts]).toEqual(['SUCCEEDED', 1])
  expect(looks).toBe(before + 1)
})

test('a wait that takes too long fails with what was last seen', async () => {
  const late = definePipeline({ name: 'late', inputs: { url: t.string() } }, ({ url }) => {
    waitFor.http({ url, timeoutSeconds: 1, ...every })
  })
  const { report: found } = await start(late, { url: `${base}/z` })
  expect(found.error).toEqual({
    code: 'timeout',
    task: 'root/wait-for-http',
    message: `it waited longer than 1 s; last seen: GET ${base}/z answered 503 (looks every 0.1 s)`,
  })
})

test('a run waits for another and reads its outputs; one that fails fails it', async () => {
  const follow = definePipeline({ name: 'follow', inputs: { run: t.string() } }, ({ run }) => {
    return { first: waitFor.run({ run, ...every }).outputs.outputs }
  })
  const first = definePipeline({ name: 'first' }, () => ({ time: waitFor.time({ afterSeconds: 0.5 }).outputs.time }))
  const runId = 'first-of-two'
  const [one, two] = await Promise.all([start(first, {}, { runId }), start(follow, { run: runId })])
  expect(two.report.error).toBeUndefined()
  expect(two.report.outputs).toEqual({ first: one.report.outputs })
  const failing = definePipeline({ name: 'failing' }, () => {
    waitFor.time({ afterSeconds: 60, timeoutSeconds: 0.1 })
  })
  await start(failing, {}, { runId: 'failing-run' })
  const { report: found } = await start(follow, { run: 'failing-run' })
  expect(found.error?.message).toMatch(/^run failing-run ended FAILED, not SUCCEEDED: it waited longer than 0.1 s/)
})

test('what can not be known here says how it could', async () => {
  const alias = definePipeline({ name: 'alias' }, () => {
    waitFor.alias({ model: 'iris', alias: 'champion' })
  })
  const { report: found } = await start(alias, {}, { env: { PATH: process.env['PATH'] } })
  expect(found.error?.message).toContain('set MLFLOW_TRACKING_URI')
})
