/** A retry that the executor refuses leaves the record of the failure as it is. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { setRunState } from '../../store/metadata/pipeline-runs.ts'
import { HttpError } from '../problem.ts'
import { noExecutor } from '../run-executor.ts'
import type { RunningServer } from '../start.ts'
import { EMPTY_PIPELINE, serveSmall } from '../testing/small-server.ts'

const RUNS = '/apis/v2beta1/runs'
let server: RunningServer
let runId: string
/** What happens while the executor thinks about the retry. */
let meanwhile: () => Promise<unknown>

beforeEach(async () => {
  meanwhile = async () => {}
  const executor = {
    ...noExecutor,
    start: async () => {},
    retry: async () => {
      await meanwhile()
      throw new HttpError(503, "The cluster's API server can not be reached now: try again")
    },
  }
  server = await serveSmall({ executor: () => executor })
  runId = JSON.parse(await (await post(RUNS, { display_name: 'r', pipeline_spec: EMPTY_PIPELINE })).text()).run_id
  await move('FAILED', { code: 'application', message: 'step train: out of memory' })
})
afterEach(async () => {
  await server.close()
})

function post(path: string, body?: object) {
  const headers = body ? { 'content-type': 'application/json' } : {}
  return fetch(server.url + path, { method: 'POST', headers, ...(body && { body: JSON.stringify(body) }) })
}
const move = (...[state, error]: [Parameters<typeof setRunState>[2], Parameters<typeof setRunState>[4]?]) =>
  server.services.metadata.transaction((db) => setRunState(db, runId, state, Date.parse('2026-01-01T00:00:00Z'), error))
const read = async () => await (await fetch(`${server.url}${RUNS}/${runId}`)).json()

test('state, error, end and history are what they were', async () => {
  const before = await read()
  expect(before).toMatchObject({ state: 'FAILED', finished_at: '2026-01-01T00:00:00Z' })
  expect((await post(`${RUNS}/${runId}:retry`)).status).toBe(503)
  expect(await read()).toEqual(before)
})

test('also when it was to be terminated meanwhile', async () => {
  const before = await read()
  meanwhile = () => post(`${RUNS}/${runId}:terminate`)
  expect((await post(`${RUNS}/${runId}:retry`)).status).toBe(503)
  expect(await read()).toEqual(before)
})

test('what was recorded of the retry meanwhile stays: only the answer was lost', async () => {
  meanwhile = () => move('RUNNING')
  expect((await post(`${RUNS}/${runId}:retry`)).status).toBe(503)
  expect(await read()).toMatchObject({ state: 'RUNNING' })
})
