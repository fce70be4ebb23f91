/** Triggers of ScheduledRuns over an API server in memory and the real database. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { ScheduledRunSpec } from '../../api/scheduled-run.ts'
import { EVENTS, PIPELINE_RUNS, PIPELINES } from '../../client/kube/resources.ts'
import { KubeError } from '../../client/kube/transport.ts'
import { type Metadata, openMetadata } from '../../store/metadata/database.ts'
import { ensureDefaultExperiment } from '../../store/metadata/experiments.ts'
import { insertSignals } from '../../store/metadata/signals.ts'
import { type PipelineRun, viewRun } from '../run-view.ts'
import { FakeCluster } from '../testing/fake-cluster.ts'
import { type ScheduleController, startScheduleController } from './schedule-controller.ts'
import { SCHEDULED_RUNS } from './schedule-objects.ts'

let now: number
let cluster: FakeCluster
let metadata: Metadata
let controller: ScheduleController
let content: { etag: string } | undefined | { refused: string }

const at = (text: string) => Date.parse(text)
const sources = () => cluster.list(PIPELINE_RUNS).filter(({ metadata: { name } }) => name.startsWith('source'))

beforeEach(async () => {
  now = at('2026-01-04T12:00:00Z')
  content = undefined
  cluster = new FakeCluster()
  metadata = await openMetadata({ url: ':memory:', now: () => now })
  await ensureDefaultExperiment(metadata.db, now)
  controller = start()
})
afterEach(async () => {
  await controller.stop()
  await metadata.close()
})

const start = () =>
  startScheduleController({
    kube: cluster.client,
    identity: 'test',
    log: () => {},
    now: () => now,
    retryMillis: 5,
    triggers: {
      metadata,
      store: { find: async () => content as never, digestOf: async () => undefined },
      endedRuns: () => sources().map((run) => viewRun(run as unknown as PipelineRun)),
      synced: Promise.resolve(),
    },
  })

function schedule(name: string, spec: Partial<ScheduledRunSpec>, generation = 1): void {
  const created = { uid: `uid-${name}`, generation, creationTimestamp: '2026-01-04T11:00:00Z' }
  const runTemplate = { pipelineRef: { name: `${name}-pipeline` } }
  cluster.apply(SCHEDULED_RUNS, {
    metadata: { name, namespace: 'ml', ...created },
    spec: { catchup: 'All', runTemplate, ...spec },
  })
}
/** A run of somebody else that ends. */
async function source(name: string, phase = 'Succeeded', completionTime = new Date(now).toISOString()): Promise<void> {
  const annotations = { 'pipelines.kfp-ts.dev/logical-date': '2026-01-03T00:00:00Z' }
  cluster.apply(PIPELINE_RUNS, {
    metadata: { name, namespace: 'ml', uid: `uid-${name}`, generation: 1, annotations },
    spec: {},
    status: { phase, completionTime, pipeline: 'training', outputs: { accuracy: 0.5 } },
  })
  await controller.runEnded(viewRun(cluster.find(PIPELINE_RUNS, name) as unknown as PipelineRun))
}
const runsOf = (name: string) => cluster.list(PIPELINE_RUNS).filter((run) => run.metadata.name.startsWith(`${name}-`))
const argumentsOf = (name: string) => runsOf(name).map((run) => (run['spec'] as { arguments: object }).arguments)
const statusOf = (name: string) => cluster.find(SCHEDULED_RUNS, name)?.['status'] as Record<string, unknown> | undefined
const condition = (name: string, type: string) =>
  (statusOf(name)?.['conditions'] as { type: string; reason: string; message: string }[] | undefined)?.find(
    (one) => one.type === type,
  )

test('an input that not all triggers give is told by the condition Valid, until the pipeline has a default for it', async () => {
  const pipelineOf = (input: object) => ({
    pipelineInfo: { name: 'p' },
    schemaVersion: '2.1.0',
    deploymentSpec: { executors: { e: { container: { image: 'x' } } } },
    components: { c: { executorLabel: 'e' } },
    root: {
      inputDefinitions: { parameters: { version: { parameterType: 'STRING', ...input } } },
      dag: { tasks: { a: { taskInfo: { name: 'a' }, componentRef: { name: 'c' } } } },
    },
  })
  const parameters = { version: '[[trigger.model_version]]' }
  const triggers = [{ afterRun: { pipeline: 'training' } }, { alias: { model: 'iris', alias: 'champion' } }]
  schedule('warned', { triggers, runTemplate: { pipelineSpec: pipelineOf({}), parameters } })
  const valid = () => condition('warned', 'Valid') as { status: string; message: string } | undefined
  await vi.waitFor(() => expect(valid()?.message).toContain('trigger "afterRun" gives none'))
  expect(valid()?.status).toBe('True')
  const template = { pipelineSpec: pipelineOf({ defaultValue: '' }), parameters }
  schedule('warned', { triggers, runTemplate: template }, 2)
  await vi.waitFor(() => expect(valid()?.message).toBe(''))

  // A Pipeline resource is looked at again.
  const pipeline = (input: object) =>
    cluster.apply(PIPELINES, {
      metadata: { name: 'kept', namespace: 'ml' },
      spec: { versions: [{ name: 'v', text: JSON.stringify(pipelineOf(input)) }] },
    })
  pipeline({})
  schedule('refers', { triggers, runTemplate: { pipelineRef: { name: 'kept' }, parameters } })
  await vi.waitFor(() => expect(condition('refers', 'Valid')?.message).toContain('trigger "afterRun" gives none'))
  pipeline({ defaultValue: '' })
  now += 61_000
  await source('source-9')
  await vi.waitFor(() => expect(condition('refers', 'Valid')?.message).toBe(''))
})

test('after a run: its outputs and dates, what ended before is no event, the status tells', async () => {
  await source('source-0', 'Succeeded', '2026-01-04T10:00:00Z')
  const parameters = { accuracy: '[[trigger.outputs.accuracy]]', day: '[[trigger.ds]]', run: '[[trigger.run_name]]' }
  const runTemplate = { pipelineRef: { name: 'report' }, parameters }
  schedule('down', { triggers: [{ afterRun: { pipeline: 'training' } }], runTemplate })
  await vi.waitFor(() => expect(condition('down', 'Scheduling')).toMatchObject({ reason: 'Triggered' }))
  await source('source-1')
  await source('source-2', 'Failed')
  const given = { accuracy: 0.5, day: '2026-01-03', run: 'source-1' }
  await vi.waitFor(() => expect(argumentsOf('down')).toEqual([given]))
  await vi.waitFor(() =>
    expect(statusOf('down')?.['triggers']).toEqual([
      {
        name: 'afterRun',
        source: 'a run of pipeline training is Succeeded',
        since: '2026-01-04T11:00:00Z',
        lastEvent: '2026-01-04T12:00:00Z',
        lastRun: runsOf('down')[0]!.metadata.name,
      },
    ]),
  )
  const events = cluster.list(EVENTS).map((event) => `${event['reason']} ${event['message']}`)
  expect(events).toContainEqual(
    expect.stringMatching(/^Triggered run down-t-\S+: a run of pipeline training is Succeeded/),
  )
})

test('a webhook and an object: looked at every second and every five', async () => {
  schedule('call', { triggers: [{ webhook: { parameters: { commit: 'id' } } }, { artifact: { uri: '/store/x' } }] })
  await vi.waitFor(() => expect(statusOf('call')?.['triggers']).toHaveLength(2))
  const values = { key: 'k', payload: { id: 'abc' } }
  const signal = { id: 'key:k', trigger: 'webhook', at: now, values, parameters: { commit: 'abc' } }
  await insertSignals(metadata.db, 'uid-call', [signal, signal], now)
  await vi.waitFor(() => expect(argumentsOf('call')).toEqual([{ commit: 'abc' }]), { timeout: 5000 })
  content = { etag: 'v1' }
  now += 6000
  await vi.waitFor(() => expect(runsOf('call')).toHaveLength(2), { timeout: 5000 })
})

test('loops are refused by a condition on each of their schedules', async () => {
  schedule('a', { triggers: [{ afterRun: { schedule: 'b' } }] })
  schedule('b', { triggers: [{ afterRun: { pipeline: 'a-pipeline' } }] })
  schedule('c', { triggers: [{ afterRun: { schedule: 'b' } }] })
  await vi.waitFor(() => expect(condition('b', 'Valid')?.message).toMatch(/b runs after a runs after b/))
  expect(condition('c', 'Valid')?.reason).not.toBe('InvalidSpec')
})

test('kills at any write: each end makes one run', async () => {
  schedule('down', {
    triggers: [{ afterRun: { pipeline: 'training' } }],
    maxActiveRuns: 1000,
    runTemplate: { pipelineRef: { name: 'r' }, parameters: { run: '[[trigger.run_id]]' } },
  })
  let seed = 3
  const random = (below: number) => {
    seed = (seed * 1103515245 + 12345) % 2147483648
    // The low bits of such numbers repeat soon.
    return (seed >>> 8) % below
  }
  const kills = Number(process.env['KFP_TS_KILLS'] ?? 40)
  let names = 0
  for (let killed = 0; killed < kills; ) {
    // The process dies before its n-th write; a later one begins with what is there.
    let left = random(5)
    let dead = false
    cluster.fault = (verb, plural) => {
      if (plural === 'events') return
      if (verb !== 'get' && left-- <= 0) dead = true
      if (dead) throw new KubeError({ method: 'POST', path: '/' } as never, { status: 500, text: '{}' } as never)
    }
    for (let more = 1 + random(3); more > 0; more -= 1) {
      names += 1
      now += 1000
      await source(`source-${names}`)
    }
    now += 31_000
    for (let turns = 0; turns < 40 && !dead; turns += 1) await new Promise((resolve) => setTimeout(resolve, 5))
    await controller.stop()
    if (dead) killed += 1
    cluster.fault = () => {}
    controller = start()
    await controller.synced
  }
  await vi.waitFor(() => expect(runsOf('down')).toHaveLength(names), { timeout: 20_000 })
  const causes = argumentsOf('down').map((one) => (one as { run: string }).run)
  expect(new Set(causes).size).toBe(names)
}, 120_000)
