import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { RunningServer } from '../start.ts'
import { serveSmall } from '../testing/small-server.ts'

let server: RunningServer
let runId: string
/** Ids of the models by their names. */
const ids: Record<string, string> = {}

async function post(path: string, fields: object) {
  const response = await fetch(`${server.url}/api/2.0/mlflow/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(fields),
  })
  return { status: response.status, body: (await response.json()) as Record<string, never> }
}

const VAL = { dataset_name: 'val', dataset_digest: 'd1' }
const TRAIN = { dataset_name: 'train', dataset_digest: 'd2' }

const log = (model: string, key: string, value: unknown, [step, timestamp]: readonly [number, number], dataset = {}) =>
  post('runs/log-metric', { run_id: runId, model_id: ids[model], key, value, step, timestamp, ...dataset })

async function search(fields: object): Promise<string[]> {
  const { body } = await post('logged-models/search', { experiment_ids: ['0'], ...fields })
  return ((body['models'] ?? []) as { info: { name: string } }[]).map(({ info }) => info.name)
}

beforeAll(async () => {
  server = await serveSmall()
  const { body } = await post('runs/create', { experiment_id: '0', start_time: 1 })
  runId = (body as unknown as { run: { info: { run_id: string } } }).run.info.run_id
  for (const name of ['m1', 'm2']) {
    const { body: made } = await post('logged-models', { experiment_id: '0', name })
    ids[name] = (made as unknown as { model: { info: { model_id: string } } }).model.info.model_id
  }
  await log('m1', 'loss', 2, [0, 4])
  await log('m1', 'loss', 0.1, [1, 5])
  await log('m2', 'loss', 0.9, [0, 4])
  await log('m2', 'loss', 0.5, [1, 5])
  await log('m1', 'f1', 0.5, [0, 1], VAL)
  await log('m1', 'f1', 0.99, [0, 2], TRAIN)
  await log('m2', 'f1', 0.8, [0, 1], VAL)
  await log('m2', 'f1', 0.85, [0, 2], TRAIN)
})
afterAll(async () => {
  await server.close()
})

describe('models in the order of a metric', () => {
  const by = (field_name: string, ascending: boolean, dataset = {}) => ({
    order_by: [{ field_name, ascending, ...dataset }],
  })

  test.each([
    ['its last value counts', by('metrics.loss', true), ['m1', 'm2']],
    ['the last of all datasets', by('metrics.f1', false), ['m1', 'm2']],
    ['of one dataset', by('metrics.f1', false, VAL), ['m2', 'm1']],
    ['of a dataset by its digest', by('metrics.f1', false, { dataset_digest: 'd1' }), ['m2', 'm1']],
  ])('%s', async (_what, order, names) => {
    expect(await search(order)).toEqual(names)
  })

  test('NaN is behind all values, also when there were others before', async () => {
    await log('m1', 'auc', 0.9, [0, 1])
    await log('m1', 'auc', 'NaN', [1, 2])
    await log('m2', 'auc', 0.1, [0, 1])
    expect(await search(by('metrics.auc', false))).toEqual(['m2', 'm1'])
  })
})

test('a condition on a metric looks at the datasets that are asked for', async () => {
  const filter = 'metrics.f1 > 0.7'
  expect(await search({ filter, datasets: [VAL] })).toEqual(['m2'])
  expect(await search({ filter, datasets: [VAL, TRAIN] })).toEqual(['m2', 'm1'])
  expect(await search({ filter, datasets: [{ dataset_name: 'val', dataset_digest: 'other' }] })).toEqual([])
  expect(await post('logged-models/search', { experiment_ids: ['0'], datasets: [{}] })).toMatchObject({ status: 400 })
})

test('a value for a second dataset at the same step and time is refused, and the first one stays', async () => {
  const at = [0, 7] as const
  expect(await log('m1', 'q', 1, at, VAL)).toMatchObject({ status: 200 })
  expect(await log('m1', 'q', 2, at, TRAIN)).toMatchObject({ status: 400 })
  expect(await log('m1', 'q', 2, at)).toMatchObject({ status: 400 })
  const twice = [VAL, TRAIN].map((dataset) => ({
    ...{ key: 'r', value: 1, step: 0, timestamp: 7, model_id: ids['m1'] },
    ...dataset,
  }))
  expect(await post('runs/log-batch', { run_id: runId, metrics: twice })).toMatchObject({ status: 400 })
  expect(await log('m1', 'q', 3, at, VAL)).toMatchObject({ status: 200 })
  expect(await search({ filter: 'metrics.q = 3', datasets: [VAL] })).toEqual(['m1'])
  expect(await search({ filter: 'metrics.q > 0', datasets: [TRAIN] })).toEqual([])
})
