import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { PODS } from '../../client/kube/resources.ts'
import { isNotFound } from '../../client/kube/transport.ts'
import type { PipelineRun } from '../../client/runs.ts'
import type { Pod } from '../../operator/pod/pod-types.ts'
import { finished, kube, submit, until } from './support/cluster.ts'
import { useOperator, usePlace } from './support/fixtures.ts'
import { shellPipeline } from './support/pipelines.ts'

const place = usePlace('failures')
useOperator(place, ['--image-grace', '2'])

async function runningPod(run: PipelineRun): Promise<string> {
  return await until('a pod of the run is running', async () => {
    const pods = await place.runs.pods(run)
    return pods.find(({ phase }) => phase === 'Running')?.pod
  })
}
const sleeper = (extra: object = {}) => shellPipeline('sleeper', { nap: { script: 'sleep 300', ...extra } })

test('an exit code is an application failure that carries the end of the log', async () => {
  const text = shellPipeline('fails', {
    bad: { script: 'echo the reason >&2; exit 7' },
    never: { script: 'true', after: ['bad'] },
  })
  const { status } = await finished(place, await submit(place, text))
  expect(status).toMatchObject({ phase: 'Failed', reason: 'TaskFailed' })
  expect(status?.attention?.[0]).toMatchObject({ path: 'root/bad', cause: 'application' })
  expect(status?.message).toMatch(/exit code 7/)
  expect(status?.counts).toMatchObject({ failed: 1 })
})

test('a retry policy of the pipeline starts another pod', async () => {
  const script =
    'F=/kfp-store/scratch/tries-$KFP_RUN_ID; N=$(cat $F 2>/dev/null || echo 0); echo $((N+1)) > $F || true; [ "$KFP_RETRY_INDEX" = 2 ]'
  const { status } = await finished(
    place,
    await submit(place, shellPipeline('retried', { flaky: { script, retries: 3 } })),
  )
  expect(status).toMatchObject({ phase: 'Succeeded', podsCreated: 3 })
})

test('an image that is not there fails by its cause after the time of grace', async () => {
  const { status } = await finished(
    place,
    await submit(place, shellPipeline('no-image', { x: { script: 'true', image: 'nowhere.invalid/x:1' } })),
  )
  expect(status?.attention?.[0]).toMatchObject({ cause: 'image' })
  expect(status?.message).toMatch(/image can't be pulled/)
})

test('an OOM kill is told, and the retry gets more memory', async () => {
  // The kill of `tail` and the end of the container reach the kubelet by different ways: the end is to come second.
  const eat = 'head -c 60m /dev/zero | tail -c 60m > /dev/null || { sleep 2; exit 137; }'
  const script = `${eat}; cat /sys/fs/cgroup/memory/memory.limit_in_bytes > "$OUT" || printf ok > "$OUT"`
  const text = shellPipeline('hungry', { eat: { script, memory: '24Mi', image: 'python:3.11' } })
  const spec = { retries: { oom: { limit: 4, backoffSeconds: 0 } }, onOOM: { factor: 4, maxMemory: '1Gi' } }
  const told = await finished(place, await submit(place, text, { spec: { retries: { oom: { limit: 0 } } } }))
  expect(told.status?.attention?.[0]).toMatchObject({ cause: 'oom' })
  const grown = await finished(place, await submit(place, text, { spec }))
  expect(grown.status?.phase).toBe('Succeeded')
  expect(grown.status?.podsCreated).toBeGreaterThan(1)
})

test('a pod that is deleted by hand is a lost attempt and is made again', async () => {
  const run = await submit(
    place,
    shellPipeline('deleted', { nap: { script: '[ "$KFP_RETRY_INDEX" != 0 ] || sleep 300' } }),
  )
  await kube.delete(PODS, place.namespace, await runningPod(run), { gracePeriodSeconds: 0 })
  expect((await finished(place, run)).status).toMatchObject({ phase: 'Succeeded', podsCreated: 2 })
})

test('an eviction is told by its cause', async () => {
  const run = await submit(place, sleeper(), { spec: { retries: { evicted: { limit: 0 } } } })
  const pod = await runningPod(run)
  await kube.raw({
    method: 'POST',
    path: `/api/v1/namespaces/${place.namespace}/pods/${pod}/eviction`,
    body: {
      apiVersion: 'policy/v1',
      kind: 'Eviction',
      metadata: { name: pod },
      deleteOptions: { gracePeriodSeconds: 1 },
    },
  })
  expect((await finished(place, run)).status?.attention?.[0]).toMatchObject({ cause: 'evicted' })
})

test('a pod that no node takes says why it waits; cancel ends the run', async () => {
  const text = shellPipeline('too-big', { big: { script: 'true', memory: '900Gi' } })
  const run = await submit(place, text)
  const waiting = await until('the status says why', async () => {
    const { status } = await place.runs.get(run.metadata.name)
    return status?.attention?.find(({ message }) => message.includes('Unschedulable'))
  })
  expect(waiting.message).toMatch(/no node takes it \(Unschedulable\): .*Insufficient memory/)
  await place.runs.cancel(run.metadata.name)
  expect((await finished(place, run)).status).toMatchObject({ phase: 'Canceled', reason: 'Canceled' })
})

test('cancel ends running pods', async () => {
  const run = await submit(place, sleeper())
  const pod = await runningPod(run)
  await place.runs.cancel(run.metadata.name)
  expect((await finished(place, run)).status?.phase).toBe('Canceled')
  await until('the pod is gone', async () => kube.get<Pod>(PODS, place.namespace, pod).then(() => false, isNotFound))
})

test('suspend holds the next steps, and going on starts them', async () => {
  // Longer than a busy kubelet takes from one look at its containers to the next: one of them has to see it run.
  const text = shellPipeline('paused', { a: { script: 'sleep 8' }, b: { script: 'true', after: ['a'] } })
  const run = await submit(place, text)
  await runningPod(run)
  await place.runs.suspend(run.metadata.name, true)
  await until('the first step ended', async () => {
    const { status } = await place.runs.get(run.metadata.name)
    return status?.phase === 'Paused' && status.counts?.succeeded === 1
  })
  await delay(500)
  expect(await place.runs.pods(run)).toHaveLength(1)
  await place.runs.suspend(run.metadata.name, false)
  expect((await finished(place, run)).status?.phase).toBe('Succeeded')
})

test('a retry of a finished run runs only what failed', async () => {
  const script =
    'F=/kfp-store/scratch/$KFP_RUN_ID-flag; if [ -e $F ]; then true; else touch $F 2>/dev/null || true; exit 1; fi'
  const text = shellPipeline('again', {
    ok: { script: 'true' },
    bad: { script: script.replace('/scratch/', '/artifacts/'), after: ['ok'] },
  })
  const run = await submit(place, text)
  const failed = await finished(place, run)
  expect(failed.status).toMatchObject({ phase: 'Failed', podsCreated: 2 })
  await place.runs.retry(run.metadata.name)
  const retried = await finished(place, run)
  expect(retried.status?.retryCount).toBe(1)
  expect((await place.runs.pods(run)).filter(({ path }) => path === 'root/ok')).toHaveLength(1)
  expect((await place.runs.pods(run)).filter(({ path }) => path === 'root/bad')).toHaveLength(2)
})

test('a run is removed when its time after the end is over, with its pods', async () => {
  const run = await submit(place, shellPipeline('short', { x: { script: 'true' } }), {
    spec: { ttlSecondsAfterFinished: 1 },
  })
  await until('the run is gone', async () => place.runs.get(run.metadata.name).then(() => false, isNotFound))
  await until('its pods are gone', async () => (await place.runs.pods(run)).length === 0)
  await until('its logs are gone', async () => !existsSync(join(place.store, 'logs', run.metadata.uid!)))
})

test('a run that is deleted while it starts leaves nothing behind', async () => {
  const run = await submit(place, sleeper())
  await place.runs.delete(run.metadata.name)
  const hasNoPods = async () => (await place.runs.pods(run)).length === 0
  // One whose creation was on its way comes after the first look, and goes.
  await until('no pods, nor half a second later', async () => (await hasNoPods()) && delay(500).then(hasNoPods))
})
