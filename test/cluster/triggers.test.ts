/** Triggers and dependsOnPast with real operators and pods: events make runs, once, whoever is killed; steps wait for their past without a pod. */
import { createHmac } from 'node:crypto'
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, beforeAll, expect, test } from 'vitest'
import { parse, stringify } from 'yaml'
import { API_GROUP, API_VERSION, LABELS } from '../../api/pipeline-run.ts'
import type { ScheduledRunSpec } from '../../api/scheduled-run.ts'
import { PIPELINE_RUNS, PODS } from '../../client/kube/resources.ts'
import { SCHEDULED_RUNS, type ScheduledRun } from '../../operator/schedule/schedule-objects.ts'
import { finished, kube, type OperatorProcess, startOperatorProcess, submit, until } from './support/cluster.ts'
import { usePlace } from './support/fixtures.ts'
import { shellPipeline } from './support/pipelines.ts'
import { startServedOperator } from './support/server.ts'

/** How often the operator is killed while ends become runs: KFP_TS_KILLS. */
const KILLS = Number(process.env['KFP_TS_KILLS'] ?? 3)
const place = usePlace('triggers')
let operator: OperatorProcess | undefined

beforeAll(async () => {
  await mkdir(join(place.store, 'marks'))
  await chmod(join(place.store, 'marks'), 0o777)
})
afterEach(async () => {
  await operator?.kill()
  operator = undefined
  await kube.deleteCollection(SCHEDULED_RUNS, { namespace: place.namespace })
  await kube.deleteCollection(PIPELINE_RUNS, { namespace: place.namespace })
})

/** A pipeline that takes any of these as text and has one step. */
function pipelineWith(name: string, inputs: readonly string[]): string {
  const document = parse(shellPipeline(name, { only: { script: 'true' } })) as { root: object }
  const parameters = Object.fromEntries(inputs.map((input) => [input, { parameterType: 'STRING', isOptional: true }]))
  return stringify({ ...document, root: { ...document.root, inputDefinitions: { parameters } } })
}
const create = (name: string, spec: Partial<ScheduledRunSpec>) =>
  kube.create(SCHEDULED_RUNS, place.namespace, {
    apiVersion: `${API_GROUP}/${API_VERSION}`,
    kind: 'ScheduledRun',
    metadata: { name },
    spec,
  } as ScheduledRun)
const scheduled = (name: string) => kube.get<ScheduledRun>(SCHEDULED_RUNS, place.namespace, name)
const listens = (name: string) =>
  until(`${name} listens`, async () => (await scheduled(name)).status?.triggers?.every(({ since }) => since))
async function runsOf(name: string) {
  const runs = await place.runs.list()
  return runs
    .filter(({ metadata }) => metadata.labels?.[LABELS.schedule] === name)
    .sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
}

test('what can never be right is refused by the API server', async () => {
  const runTemplate = { pipelineRef: { name: 'p' } }
  const webhook = {}
  await expect(create('none', { triggers: [{ name: 'x' }], runTemplate })).rejects.toThrow(
    /a trigger has exactly one of/,
  )
  await expect(
    create('two', { triggers: [{ webhook, alias: { model: 'm', alias: 'a' } }], runTemplate }),
  ).rejects.toThrow(/a trigger has exactly one of/)
  await expect(create('open', { triggers: [{ afterRun: {} }], runTemplate })).rejects.toThrow(/exactly one of pipeline/)
  await expect(create('half', { triggers: [{ artifact: { pipeline: 'p' } }], runTemplate })).rejects.toThrow(
    /names a uri/,
  )
  const [startTime, endTime] = ['2026-01-02T00:00:00Z', '2026-01-01T00:00:00Z']
  await expect(create('back', { startTime, endTime, runTemplate })).rejects.toThrow(/endTime is not after startTime/)
})

test(`after runs, with ${KILLS} kills of the operator: each end makes one run; loops are told`, async () => {
  const up = shellPipeline('up', { say: { script: 'printf 0.75 > "$OUT"' } }, ['say'])
  operator = await startOperatorProcess(place)
  await create('down', {
    triggers: [{ afterRun: { pipeline: 'up' } }],
    catchup: 'All',
    history: { successful: 100 },
    runTemplate: {
      pipelineSpec: pipelineWith('down', ['said', 'run']),
      parameters: { said: '[[trigger.outputs.say]]', run: '[[trigger.run_name]]' },
    },
  })
  await create('again', {
    triggers: [{ afterRun: { schedule: 'again' } }],
    runTemplate: { pipelineSpec: pipelineWith('again', []) },
  })
  await listens('down')
  const loop = await until('the loop is told', async () =>
    (await scheduled('again')).status?.conditions?.find(({ reason }) => reason === 'InvalidSpec'),
  )
  expect(loop.message).toMatch(/again runs after itself/)
  const names: string[] = []
  for (let kill = 0; kill < KILLS; kill += 1) {
    const run = await submit(place, up)
    names.push(run.metadata.name)
    // The end of the run is written, an event or a run may be, and the operator is gone.
    await finished(place, run)
    await delay(Math.random() * 400)
    await operator.kill('SIGKILL')
    operator = await startOperatorProcess(place)
  }
  await until('a run of each', async () => (await runsOf('down')).length >= KILLS, 120)
  await until(
    'their ends',
    async () => (await runsOf('down')).every(({ status }) => status?.phase === 'Succeeded'),
    120,
  )
  const runs = await runsOf('down')
  expect(runs.map(({ spec }) => spec.arguments?.['run']).sort()).toEqual(names.sort())
  expect(runs[0]?.spec.arguments).toMatchObject({ said: '0.75' })
  await until('nothing waits', async () => (await scheduled('down')).status?.triggers?.[0]?.pending === undefined)
}, 300_000)

test('a signed call of a webhook makes one run a key, by the server beside the operator', async () => {
  const secrets = join(place.store, 'secrets')
  await mkdir(join(secrets, place.namespace), { recursive: true })
  await writeFile(join(secrets, place.namespace, 'push'), 'topsecret')
  const served = await startServedOperator(place, ['--webhook-secrets', secrets])
  operator = served
  await create('call', {
    triggers: [{ webhook: { secret: 'push', parameters: { commit: 'head.id' } } }],
    runTemplate: { pipelineSpec: pipelineWith('call', ['commit']) },
  })
  await listens('call')
  const call = async (key: string, text: string, secret = 'topsecret') => {
    const signature = `sha256=${createHmac('sha256', secret).update(text).digest('hex')}`
    const headers = { 'idempotency-key': key, 'x-hub-signature-256': signature }
    const url = `${served.url}/api/v1/schedules/call/webhook?namespace=${place.namespace}`
    const answer = await fetch(url, { method: 'POST', headers, body: text })
    return { status: answer.status, ...((await answer.json()) as { state?: string; runName?: string }) }
  }
  const body = '{"head": {"id": "abc"}}'
  expect((await call('k', body, 'wrong')).status).toBe(401)
  expect((await call('k', '{}')).status).toBe(400)
  expect([200, 202]).toContain((await call('k', body)).status)
  const done = await until('its run', async () => {
    const again = await call('k', body)
    return again.state === 'Run' && again
  })
  const runs = await runsOf('call')
  expect(runs.map(({ metadata }) => metadata.name)).toEqual([done.runName])
  expect(runs[0]?.spec.arguments).toEqual({ commit: 'abc' })
})

test('an input that only some triggers give is told by the condition Valid', async () => {
  operator = await startOperatorProcess(place)
  const required = pipelineWith('lacks', ['version']).replace('isOptional: true', 'isOptional: false')
  await create('lacks', {
    triggers: [{ afterRun: { pipeline: 'up' } }, { alias: { model: 'iris', alias: 'champion' } }],
    runTemplate: { pipelineSpec: required, parameters: { version: '[[trigger.model_version]]' } },
  })
  const valid = await until('it is looked at', async () =>
    (await scheduled('lacks')).status?.conditions?.find(({ type }) => type === 'Valid'),
  )
  expect(valid).toMatchObject({ status: 'True' })
  expect(valid.message).toContain('requires a value for "version", and trigger "afterRun" gives none')
})

test('dependsOnPast Task: a step waits without a pod, also after a restart, until the run before was retried', async () => {
  operator = await startOperatorProcess(place)
  const mount = '/kfp-store'
  await create('past', {
    schedule: { cron: '@daily' },
    startTime: new Date(Date.now() - 2 * 86_400_000).toISOString(),
    catchup: 'All',
    dependsOnPast: 'Task',
    runTemplate: {
      pipelineSpec: shellPipeline('past', {
        prepare: { script: 'true' },
        train: { script: `[ -e ${mount}/marks/go ]`, after: ['prepare'] },
      }),
    },
  })
  await until('two runs', async () => (await runsOf('past')).length === 2)
  const [first, second] = (await runsOf('past')).map(({ metadata }) => metadata.name)
  await until('the first fails', async () => (await place.runs.get(first!)).status?.phase === 'Failed', 120)
  // That it waits for a task which still runs may be told first.
  const waits = () =>
    until('the second waits for the failed task of the first', async () =>
      (await place.runs.get(second!)).status?.attention?.find(
        ({ state, message }) => state === 'WAITING' && message.includes(`in run ${first} this task is FAILED`),
      ),
    )
  expect(await waits()).toMatchObject({ path: 'root/train' })
  await operator.kill('SIGKILL')
  operator = await startOperatorProcess(place)
  await waits()
  const pods = await kube.list(PODS, { namespace: place.namespace, labelSelector: `${LABELS.runName}=${second}` })
  expect(pods.items.map(({ metadata }) => metadata.labels?.[LABELS.task])).toEqual(['prepare'])
  await writeFile(join(place.store, 'marks', 'go'), '')
  await kube.patch(PIPELINE_RUNS, place.namespace, first!, { spec: { retryCount: 1 } })
  await until(
    'both end well',
    async () => (await runsOf('past')).every(({ status }) => status?.phase === 'Succeeded'),
    120,
  )
}, 300_000)
