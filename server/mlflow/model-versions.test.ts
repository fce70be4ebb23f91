import { afterAll, beforeAll, expect, test } from 'vitest'
import type { RunningServer } from '../start.ts'
import { serveSmall } from '../testing/small-server.ts'

let server: RunningServer
beforeAll(async () => {
  server = await serveSmall()
})
afterAll(async () => {
  await server.close()
})

async function ask(method: string, path: string, fields: object) {
  const response = await fetch(`${server.url}/api/2.0/mlflow/${path}`, {
    method,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(fields),
  })
  return { status: response.status, body: (await response.json()) as Record<string, never> }
}

const place = async (name: string) =>
  (await fetch(`${server.url}/api/2.0/mlflow/model-versions/get-download-uri?name=${name}&version=1`)).json()

test('a copy of a version has its files, also when what it was copied from is deleted', async () => {
  for (const name of ['wine model', 'copy', 'second']) await ask('POST', 'registered-models/create', { name })
  await ask('POST', 'model-versions/create', { name: 'wine model', source: 's3://b/wine' })
  const { body } = await ask('POST', 'model-versions/create', { name: 'copy', source: 'models:/wine model/1' })
  expect(body).toMatchObject({ model_version: { source: 'models:/wine model/1' } })
  await ask('POST', 'model-versions/create', { name: 'second', source: 'models:/copy/1' })
  await ask('DELETE', 'registered-models/delete', { name: 'wine model' })
  expect(await place('copy')).toEqual({ artifact_uri: 's3://b/wine' })
  expect(await place('second')).toEqual({ artifact_uri: 's3://b/wine' })
})

test.each([
  ['models:/wine model/7', 404],
  ['models:/m-0123', 404],
  ['models:/copy@champion', 400],
  ['models:/copy/latest', 400],
])('%s can not be copied: %i', async (source, status) => {
  expect(await ask('POST', 'model-versions/create', { name: 'copy', source })).toMatchObject({ status })
})
