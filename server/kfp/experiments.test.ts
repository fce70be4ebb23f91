import { afterAll, beforeAll, expect, test } from 'vitest'
import type { RunningServer } from '../start.ts'
import { serveSmall } from '../testing/small-server.ts'

const KFP = '/apis/v2beta1'
const MLFLOW = '/api/2.0/mlflow'
let server: RunningServer

beforeAll(async () => {
  server = await serveSmall()
})
afterAll(async () => {
  await server.close()
})

async function post(path: string, body: object) {
  const headers = { 'content-type': 'application/json' }
  const answer = await fetch(server.url + path, { method: 'POST', headers, body: JSON.stringify(body) })
  return { status: answer.status, body: JSON.parse(await answer.text()) }
}
const create = (name: string) => post(`${KFP}/experiments`, { display_name: name })

test('the name of an experiment that MLflow deleted is free for KFP, and that one is restored under another', async () => {
  const first = (await create('train')).body.experiment_id
  expect((await create('train')).status).toBe(409)
  await post(`${MLFLOW}/experiments/delete`, { experiment_id: first })
  const second = await create('train')
  expect(second).toMatchObject({ status: 200, body: { display_name: 'train' } })
  expect(second.body.experiment_id).not.toBe(first)
  expect((await post(`${MLFLOW}/experiments/restore`, { experiment_id: first })).status).toBe(200)
  const restored = await fetch(`${server.url}${KFP}/experiments/${first}`)
  expect(await restored.json()).toMatchObject({ display_name: `train (deleted ${first})` })
})

test('so is the name of one that KFP deleted', async () => {
  const { experiment_id: id } = (await create('other')).body
  expect((await fetch(`${server.url}${KFP}/experiments/${id}`, { method: 'DELETE' })).status).toBe(200)
  expect((await create('other')).status).toBe(200)
})
