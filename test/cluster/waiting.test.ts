/** Whoever waits says in one sentence why: limits, pools, a mutex, quota, image, Secret; and what is next when that ends. */
import { describe, expect, test } from 'vitest'
import type { TaskAttention } from '../../api/pipeline-run.ts'
import { CONFIG_MAPS, type KubeObject } from '../../client/kube/resources.ts'
import { isNotFound } from '../../client/kube/transport.ts'
import type { PipelineRun } from '../../client/runs.ts'
import { finished, kube, kubectl, submit, until } from './support/cluster.ts'
import { useOperator, usePlace } from './support/fixtures.ts'
import { shellPipeline, withPlatform } from './support/pipelines.ts'

const place = usePlace('waiting')
useOperator(place, [
  ...['--max-active-runs-per-pipeline', '1', '--pool', 'gpu=2', '--pool', 'narrow=3', '--image-grace', '8'],
])

const semaphoreConfig = (warehouse: string) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'semaphore-config' },
  data: { warehouse },
})
const sleeper = (name: string) => shellPipeline(name, { nap: { script: 'sleep 300' } })

async function says(run: PipelineRun, pattern: RegExp): Promise<string> {
  return await until(`${run.metadata.name} says ${pattern}`, async () => {
    const { status } = await place.runs.get(run.metadata.name)
    return pattern.test(status?.message ?? '') && status?.message
  })
}
async function isRunning(run: PipelineRun): Promise<void> {
  await until(
    `${run.metadata.name} runs`,
    async () => (await place.runs.get(run.metadata.name)).status?.phase === 'Running',
  )
}
async function attention(run: PipelineRun, pattern: RegExp, { runs } = place): Promise<TaskAttention> {
  return await until(`a task says ${pattern}`, async () => {
    const { status } = await runs.get(run.metadata.name)
    return status?.attention?.find(({ message }) => pattern.test(message))
  })
}
async function cancel(run: PipelineRun): Promise<void> {
  await place.runs.cancel(run.metadata.name)
}

describe.concurrent('a run in the queue', () => {
  test('names the limit and its place, and the place changes', async () => {
    const first = await submit(place, sleeper('same'))
    // An operator that has looked at the cluster hears of runs in their order; its first look has those of one second by name.
    await isRunning(first)
    const [second, third] = [await submit(place, sleeper('same')), await submit(place, sleeper('same'))]
    await says(second, /limit of 1 active runs of pipeline "same" is reached; it is the next one/)
    await says(third, /; 1 run is before it$/)
    expect(kubectl('describe', 'plr', '-n', place.namespace, third.metadata.name)).toMatch(/1 run is before it/)
    await cancel(second)
    await says(third, /; it is the next one$/)
    await cancel(first)
    await isRunning(third)
    await cancel(third)
  })

  test('takes its weight of a pool', async () => {
    const heavy = await submit(place, sleeper('heavy'), { spec: { pool: 'gpu', poolWeight: 2 } })
    await isRunning(heavy)
    const light = await submit(place, sleeper('light'), { spec: { pool: 'gpu' } })
    const lost = await submit(place, sleeper('lost'), { spec: { pool: 'nowhere' } })
    await says(light, /the pool "gpu" is full: 2 of 2 are taken/)
    await says(lost, /the operator has no pool "nowhere": it has "gpu", "narrow"/)
    await cancel(heavy)
    await isRunning(light)
    for (const run of [light, lost]) await cancel(run)
  })

  test('waits for the mutex of its pipeline, and names who holds it', async () => {
    const locked = (name: string) => withPlatform(sleeper(name), { run: { mutexName: 'model' } })
    const first = await submit(place, locked('first'))
    await isRunning(first)
    const second = await submit(place, locked('second'))
    await says(second, new RegExp(`run "${first.metadata.name}" holds the mutex "model"`))
    await cancel(first)
    await isRunning(second)
    await cancel(second)
  })

  test('waits for a semaphore whose limit is in a ConfigMap, as that comes and changes', async () => {
    const bounded = (name: string) => withPlatform(sleeper(name), { run: { semaphoreKey: 'warehouse' } })
    const [first, second] = [await submit(place, bounded('bounded-1')), await submit(place, bounded('bounded-2'))]
    await says(
      first,
      /the semaphore "warehouse" has no limit: the ConfigMap "semaphore-config" of .* is not there; make it/,
    )
    const setLimit = async (text: string) =>
      await kube.apply<KubeObject>(CONFIG_MAPS, place.namespace, semaphoreConfig(text), { manager: 'test' })
    await setLimit('few')
    await says(first, /says "few", which is no whole number; set its key "warehouse"/)
    await setLimit('1')
    await isRunning(first)
    await says(second, /the semaphore "warehouse" is full: 1 of 1 are taken; it is the next one/)
    await setLimit('2')
    await isRunning(second)
    for (const run of [first, second]) await cancel(run)
  })
})

describe.concurrent('a task that waits', () => {
  test('takes its weight of a pool', async () => {
    const nap = { script: 'sleep 20' }
    const pool = { pool: { name: 'narrow', weight: 2 } }
    const text = withPlatform(shellPipeline('pooled', { a: nap, b: nap }), { steps: { a: pool, b: pool } })
    const run = await submit(place, text)
    await attention(run, /the pool "narrow" is full: 2 of 3 are taken, and it takes 2; it is the next one/)
    expect((await finished(place, run)).status).toMatchObject({ phase: 'Succeeded', podsCreated: 2 })
  })

  test('says that its image is not there', async () => {
    const text = shellPipeline('no-image', { x: { script: 'true', image: 'nowhere.invalid/x:1' } })
    const run = await submit(place, text)
    expect(await attention(run, /its image can't be pulled/)).toMatchObject({ path: 'root/x', state: 'WAITING' })
    expect((await finished(place, run)).status?.attention?.[0]).toMatchObject({ state: 'FAILED', cause: 'image' })
  })

  test('says which Secret of a volume is missing, and fails by that cause', async () => {
    const settings = { secretAsVolume: [{ secretName: 'not-there', mountPath: '/secret' }] }
    const text = withPlatform(shellPipeline('no-secret', { x: { script: 'true' } }), { steps: { x: settings } })
    const run = await submit(place, text)
    await attention(run, /FailedMount: .*secret "not-there" not found/)
    expect((await finished(place, run)).status?.attention?.[0]).toMatchObject({
      state: 'FAILED',
      cause: 'configuration',
    })
  })

  test('says which Secret of a variable is missing, and fails by that cause', async () => {
    const settings = { secretAsEnv: [{ secretName: 'gone', keyToEnv: [{ secretKey: 'k', envVar: 'K' }] }] }
    const text = withPlatform(shellPipeline('no-variable', { x: { script: 'true' } }), { steps: { x: settings } })
    const run = await submit(place, text)
    await attention(run, /CreateContainerConfigError.*secret "gone" not found/)
    expect((await finished(place, run)).status?.attention?.[0]).toMatchObject({
      state: 'FAILED',
      cause: 'configuration',
    })
  })
})

test('a run is removed when the time that its pipeline asks for is over', async () => {
  const text = withPlatform(shellPipeline('brief', { x: { script: 'true' } }), { run: { resourceTtlOnSuccess: 3 } })
  const run = await submit(place, text)
  expect((await finished(place, run)).status?.expirationTime).toMatch(/Z$/)
  await until('the run is gone', async () => place.runs.get(run.metadata.name).then(() => false, isNotFound))
})

// A namespace of its own: a pod that a test above left would use the quota up.
describe('a namespace with a quota', () => {
  const narrow = usePlace('quota')
  useOperator(narrow)

  test('a pod that it holds says so, and goes on when there is room', async () => {
    const quotas = { group: '', version: 'v1', plural: 'resourcequotas' }
    await kube.create(quotas, narrow.namespace, {
      apiVersion: 'v1',
      kind: 'ResourceQuota',
      metadata: { name: 'one-pod' },
      spec: { hard: { pods: '1' } },
    } as KubeObject)
    await until('the quota is counted', async () => {
      const quota = await kube.get<KubeObject & { status?: { used?: { pods?: string } } }>(
        quotas,
        narrow.namespace,
        'one-pod',
      )
      return quota.status?.used?.pods === '0'
    })
    const run = await submit(narrow, shellPipeline('quota', { a: { script: 'sleep 20' }, b: { script: 'sleep 20' } }))
    await attention(run, /the quota of the namespace is used up: .*exceeded quota: one-pod/, narrow)
    expect((await finished(narrow, run)).status?.phase).toBe('Succeeded')
    await kube.delete(quotas, narrow.namespace, 'one-pod')
  })
})
