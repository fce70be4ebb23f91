/** The API server of a cluster may take long to say who may do what: nobody else waits for that. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Access } from '../access.ts'
import type { RunningServer } from '../start.ts'
import { EMPTY_PIPELINE, serveSmall } from '../testing/small-server.ts'

const KFP = '/apis/v2beta1'
/** Rights to change are answered when it resolves. */
let review = Promise.resolve()
let asked = () => {}
const access: Access = {
  multiUser: true,
  authenticate: async () => ({ actor: 'ada', groups: [] }),
  async allows(_identity, verb) {
    if (verb === 'list' || verb === 'create') return true
    asked()
    await review
    return true
  },
}
let server: RunningServer
let ids: { experiment: string; pipeline: string; version: string }

beforeAll(async () => {
  server = await serveSmall({ access })
  const { experiment_id } = await ask('POST', '/experiments', { display_name: 'e', namespace: 't' })
  const form = new FormData()
  form.append('uploadfile', new Blob([JSON.stringify(EMPTY_PIPELINE)]), 'p.json')
  const uploaded = await fetch(`${server.url}${KFP}/pipelines/upload?name=p&namespace=t`, {
    method: 'POST',
    body: form,
  })
  const { pipeline_id } = (await uploaded.json()) as { pipeline_id: string }
  const { pipeline_versions } = await ask('GET', `/pipelines/${pipeline_id}/versions`)
  ids = { experiment: experiment_id, pipeline: pipeline_id, version: pipeline_versions[0].pipeline_version_id }
})
afterAll(async () => {
  await server.close()
})

async function ask(method: string, path: string, body?: object, signal?: AbortSignal) {
  const headers = body ? { 'content-type': 'application/json' } : {}
  const init = { method, headers, ...(body && { body: JSON.stringify(body) }), ...(signal && { signal }) }
  const answer = await fetch(server.url + KFP + path, init)
  expect([path, answer.status]).toEqual([path, 200])
  return JSON.parse(await answer.text())
}

test.each([
  ['PATCH', '/pipelines/PIPELINE', { display_name: 'q' }],
  ['PATCH', '/pipelines/PIPELINE/versions/VERSION', { display_name: 'q' }],
  ['POST', '/experiments/EXPERIMENT:archive', {}],
  ['POST', '/experiments/EXPERIMENT:unarchive', {}],
  ['DELETE', '/pipelines/PIPELINE/versions/VERSION', undefined],
  ['DELETE', '/pipelines/PIPELINE', undefined],
  ['DELETE', '/experiments/EXPERIMENT', undefined],
])('%s %s: others read while the right is asked for', async (method, path, body) => {
  let answer = () => {}
  review = new Promise((resolve) => {
    answer = resolve
  })
  const reached = new Promise<void>((resolve) => {
    asked = resolve
  })
  const place = path
    .replace('PIPELINE', ids.pipeline)
    .replace('VERSION', ids.version)
    .replace('EXPERIMENT', ids.experiment)
  const change = ask(method, place, body)
  try {
    await reached
    await ask('GET', '/runs?namespace=t', undefined, AbortSignal.timeout(1000))
  } finally {
    answer()
    await change
  }
})
