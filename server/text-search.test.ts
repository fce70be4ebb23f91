import { afterAll, beforeAll, expect, test } from 'vitest'
import type { RunningServer } from './start.ts'
import { serveSmall } from './testing/small-server.ts'

let server: RunningServer

async function ask(path: string, body?: object): Promise<object> {
  const sent = body && { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
  return (await (await fetch(`${server.url}${path}`, sent)).json()) as object
}

beforeAll(async () => {
  server = await serveSmall()
  await ask('/apis/v2beta1/experiments', { display_name: 'Überwachung GRÖSSE_%' })
})
afterAll(async () => {
  await server.close()
})

/** As MLflow's and KFP's own servers on their databases: letters beyond ASCII are what they are. */
test.each([
  ['Überwachung', true],
  ['ÜBERWACHUNG gRÖssE', true],
  ['e_%', true],
  ['überwachung', false],
  ['x%', false],
])('KFP: the name has the substring %j: %s', async (text, found) => {
  const filter = JSON.stringify({
    predicates: [{ operation: 'IS_SUBSTRING', key: 'display_name', string_value: text }],
  })
  const answer = await ask(`/apis/v2beta1/experiments?filter=${encodeURIComponent(filter)}`)
  expect('experiments' in answer).toBe(found)
})

test.each([
  ['Überwachung GRÖSSE%', true],
  ['ÜBERWACHUNG gRÖssE%', true],
  ['%e__', true],
  ['%größe%', false],
])('MLflow: the name is ILIKE %j: %s', async (pattern, found) => {
  const answer = await ask('/api/2.0/mlflow/experiments/search', { filter: `name ILIKE '${pattern}'` })
  expect('experiments' in answer).toBe(found)
})
