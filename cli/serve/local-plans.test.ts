/** Dry runs, and what the cache said, asked of a server of this machine. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parse } from 'yaml'
import { type RunningServer, serve } from '../../server/start.ts'
import { type Metadata, openMetadata } from '../../store/metadata/database.ts'
import { shellPipeline } from '../../test/cluster/support/pipelines.ts'
import { localExecutor, type StoppableExecutor } from './local-executor.ts'

let root: string
let metadata: Metadata
let executor: StoppableExecutor
let server: RunningServer

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'kfp-ts-serve-plans-'))
  metadata = await openMetadata({ url: ':memory:' })
  server = await serve({
    dataDirectory: root,
    metadata,
    port: 0,
    executor: (parts) => {
      executor = localExecutor(parts, { root, hostCommands: true, runtime: 'process' })
      return executor
    },
  })
})
afterAll(async () => {
  await executor.stop()
  await server.close()
  await metadata.close()
  await rm(root, { recursive: true })
})

const pipeline = (two: string) =>
  shellPipeline('chain', {
    one: { script: 'printf 1 > "$OUT"', cache: true },
    two: { script: two, inputs: { from: 'one.out' } },
  })

async function ask(path: string, body?: object) {
  const init = body && { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }
  const response = await fetch(`${server.url}${path}`, init)
  // biome-ignore lint/suspicious/noExplicitAny: answers of many shapes.
  return { status: response.status, body: (await response.json()) as any }
}

async function run(text: string): Promise<string> {
  const made = await ask('/apis/v2beta1/runs', { display_name: 'r', pipeline_spec: parse(text) })
  const runId = made.body.run_id as string
  const stateOf = async () => (await ask(`/api/v1/runs/${runId}`)).body.state
  await expect.poll(stateOf, { timeout: 30_000 }).toMatch(/SUCCEEDED|FAILED/)
  return runId
}
const decisions = (tasks: { task: string; decision: string }[]) =>
  Object.fromEntries(tasks.map(({ task, decision }) => [task, decision]))

test('a retry, a new run, and a run that reuses another are foreseen; nothing is started', async () => {
  const failed = await run(pipeline('exit 3'))

  const retry = await ask(`/api/v1/runs/${failed}/retry-plan`)
  expect(retry.status).toBe(200)
  expect(decisions(retry.body.tasks)).toEqual({ 'root/one': 'keep', 'root/two': 'run' })
  expect(retry.body.tasks[1].reason).toContain('it failed (application)')

  const pipelineText = pipeline('true')
  const fresh = await ask('/api/v1/plan', { pipelineText })
  expect(decisions(fresh.body.tasks)).toEqual({ 'root/one': 'cache', 'root/two': 'run' })
  const uncached = await ask('/api/v1/plan', { pipelineText, cache: false })
  expect(decisions(uncached.body.tasks)).toEqual({ 'root/one': 'run', 'root/two': 'run' })
  const reusing = await ask('/api/v1/plan', { pipelineText, reuse: failed, cache: false })
  expect(decisions(reusing.body.tasks)).toEqual({ 'root/one': 'reuse', 'root/two': 'run' })

  expect((await ask('/apis/v2beta1/runs')).body.runs).toHaveLength(1)
})

test('what the cache said of a run', async () => {
  const again = await run(pipeline('true'))
  const { status, body } = await ask(`/api/v1/runs/${again}/cache`)
  expect(status).toBe(200)
  expect(body.tasks).toMatchObject([{ task: 'root/one', hit: true, source: { task: 'root/one' } }])
})

test('runs are listed newest first, by name and pipeline, page by page', async () => {
  const names = (await ask('/api/v1/runs')).body.runs.map(({ name, pipeline }: Record<string, string>) => [
    name,
    pipeline,
  ])
  expect(names).toEqual([
    ['r', 'chain'],
    ['r', 'chain'],
  ])
  const first = await ask('/api/v1/runs?limit=1&name=r')
  expect(first.body.runs[0].state).toBe('SUCCEEDED')
  const second = await ask(`/api/v1/runs?limit=1&name=r&pageToken=${first.body.nextPageToken}`)
  expect(second.body).toMatchObject({ runs: [{ state: 'FAILED', error: { task: 'root/two' } }] })
  expect(second.body.nextPageToken).toBeUndefined()
  expect((await ask('/api/v1/runs?pipeline=other')).body).toEqual({ runs: [] })
  expect((await ask(`/api/v1/runs?pageToken=${first.body.nextPageToken}`)).status).toBe(400)
})

test('mistakes in a plan are told at once; an unknown run and one whose folder is gone are not found', async () => {
  const wrong = await ask('/api/v1/plan', { pipelineText: pipeline('true'), arguments: { epochs: 3 } })
  expect(wrong).toMatchObject({ status: 400 })
  expect(wrong.body.error.message).toContain('epochs')
  expect((await ask('/api/v1/plan', { pipelineText: 'no: pipeline' })).status).toBe(400)
  expect((await ask('/api/v1/plan', {})).status).toBe(400)
  expect((await ask('/api/v1/runs/none/retry-plan')).status).toBe(404)
  const gone = await run(pipeline('exit 3'))
  await rm(join(root, 'runs', gone), { recursive: true })
  for (const what of ['retry-plan', 'cache']) {
    const answer = await ask(`/api/v1/runs/${gone}/${what}`)
    expect(answer).toMatchObject({ status: 404 })
    expect(answer.body.error.message).toContain('is not kept here')
  }
})
