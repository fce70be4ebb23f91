import { afterEach, beforeEach, expect, test } from 'vitest'
import { invalid } from '../../store/metadata/errors.ts'
import { noSchedules, type RecurringRunResources, type RequestedRun } from '../schedules.ts'
import type { RunningServer } from '../start.ts'
import { EMPTY_PIPELINE, serveSmall } from '../testing/small-server.ts'

const PIPELINE = {
  ...EMPTY_PIPELINE,
  pipelineInfo: { name: 'report' },
  root: {
    ...EMPTY_PIPELINE.root,
    inputDefinitions: { parameters: { day: { parameterType: 'STRING', isOptional: true } } },
  },
}

let server: RunningServer
let schedule: string
let checked: RequestedRun[]
let resources: RecurringRunResources | undefined

beforeEach(async () => {
  checked = []
  resources = undefined
  server = await serveSmall({
    schedules: () => ({
      ...noSchedules,
      get resources() {
        return resources
      },
      async checkRequest(_row, asked) {
        checked.push(asked)
        if (asked.parameters['day'] === 7) throw invalid("'day' must be STRING, got 7")
      },
    }),
  })
  const trigger = { cron_schedule: { cron: '0 0 * * * *' } }
  const recurring = { display_name: 'nightly', pipeline_spec: PIPELINE, trigger, mode: 'ENABLE', max_concurrency: '1' }
  schedule = (await post('/apis/v2beta1/recurringruns', recurring)).recurring_run_id!
})
afterEach(async () => {
  await server.close()
})

async function post(path: string, body: object, headers: Record<string, string> = {}) {
  const answer = await fetch(server.url + path, { method: 'POST', headers, body: JSON.stringify(body) })
  return {
    code: answer.status,
    ...((await answer.json()) as { error?: { message: string }; requestId?: string; recurring_run_id?: string }),
  }
}
const runNow = (parameters: object, key = 'k') =>
  post(`/api/v1/schedules/${schedule}/run`, { parameters }, { 'idempotency-key': key })
const stored = () => server.services.metadata.db.selectFrom('schedule_requests').selectAll().execute()

test('a run by hand whose values do not fit the pipeline is refused, and not stored', async () => {
  expect(await runNow({ day: 7 })).toMatchObject({ code: 400, error: { message: "'day' must be STRING, got 7" } })
  expect(await stored()).toEqual([])
  expect(await runNow({ day: 'monday' })).toMatchObject({ code: 200, requestId: 'k' })
  expect(await stored()).toHaveLength(1)
})

test('the schedule that is a resource is asked by its annotation: the request would be read by nobody', async () => {
  const none = async () => {}
  const runNowCommand = () => 'kubectl annotate scheduledrun nightly'
  resources = { create: none, setEnabled: none, remove: none, refresh: none, runNowCommand }
  const answer = await runNow({})
  expect(answer).toMatchObject({ code: 501, error: { message: expect.stringContaining(runNowCommand()) } })
  expect(await stored()).toEqual([])
  resources = { ...resources, runNowCommand: () => undefined }
  expect(await runNow({})).toMatchObject({ code: 200 })
})

test('the same key again gets the answer of the request that was stored', async () => {
  await runNow({ day: 'monday' })
  expect(await runNow({ day: 7 })).toMatchObject({ code: 200, requestId: 'k' })
  expect(checked).toEqual([{ logicalDate: null, parameters: { day: 'monday' } }])
})
