import { readFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import type { KubeObject } from '../../client/kube/resources.ts'
import { PODS } from '../../client/kube/resources.ts'
import type { Pod } from '../../operator/pod/pod-types.ts'
import { finished, kube, kubectl, submit, until } from './support/cluster.ts'
import { useOperator, usePlace } from './support/fixtures.ts'
import { shellPipeline } from './support/pipelines.ts'

const place = usePlace('runs')
useOperator(place, ['--image-grace', '2'])

const chain = shellPipeline(
  'chain',
  {
    one: { script: 'printf 1 > "$OUT"', cache: true },
    two: { script: 'printf "$1-2" > "$OUT"', inputs: { from: 'one.out' }, cache: true },
    three: { script: 'printf "$1-3" > "$OUT"', inputs: { from: 'two.out' }, cache: true },
  },
  ['three'],
)

const podsOf = async (uid: string | undefined): Promise<readonly Pod[]> =>
  (await kube.list<Pod>(PODS, { namespace: place.namespace, labelSelector: `pipelines.kfp-ts.dev/run=${uid}` })).items

describe('a run', () => {
  test('carries values from step to step; as many pods as executed tasks; the second run is all cache hits', async () => {
    const first = await finished(place, await submit(place, chain))
    expect(first.status).toMatchObject({
      phase: 'Succeeded',
      outputs: { three: '1-2-3' },
      podsCreated: 3,
      progress: '3/3',
    })
    expect(await podsOf(first.metadata.uid)).toHaveLength(3)
    const second = await finished(place, await submit(place, chain))
    expect(second.status).toMatchObject({ phase: 'Succeeded', outputs: { three: '1-2-3' }, podsCreated: 0 })
    expect(second.status?.counts).toMatchObject({ cached: 3, succeeded: 0 })
    expect(await podsOf(second.metadata.uid)).toHaveLength(0)
  })

  test('shows its story in kubectl', async () => {
    const run = await finished(place, await submit(place, chain))
    expect(kubectl('get', 'plr', '-n', place.namespace, run.metadata.name)).toMatch(/Succeeded +Succeeded +3\/3/)
    // Nobody waits for an event to be stored.
    await until('its event is there', async () =>
      /Normal +Succeeded/.test(kubectl('describe', 'plr', '-n', place.namespace, run.metadata.name)),
    )
  })

  test("user pods meet the namespace's restricted profile, hold no token, and keep their log in the store", async () => {
    const text = shellPipeline('probe', {
      look: {
        script: 'ls /var/run/secrets/kubernetes.io 2>&1 || echo no token; id -u; echo said it',
      },
    })
    const run = await finished(place, await submit(place, text))
    expect(run.status?.phase).toBe('Succeeded')
    const log = await until('the log is in the store', async () => {
      const file = `${place.store}/logs/${run.metadata.uid}/root/look/attempt-1.log`
      const content = await readFile(file, 'utf8')
      return content.includes('said it') && content
    })
    expect(log).toMatch(/No such file.*\nno token\n65532\n/)
    const [pod] = await podsOf(run.metadata.uid)
    expect(pod?.spec?.volumes?.some((volume) => 'projected' in volume || 'secret' in volume)).toBe(false)
  })
})

describe('a wrong run', () => {
  test('an invalid pipeline ends with every problem in its condition, and others go on', async () => {
    const cyclic = shellPipeline('cyclic', { a: { script: 'true', after: ['b'] }, b: { script: 'true', after: ['a'] } })
    const run = await finished(place, await submit(place, cyclic, { name: 'cyclic' }))
    expect(run.status).toMatchObject({ phase: 'Failed', reason: 'InvalidPipeline' })
    expect(run.status?.message).toMatch(/tasks wait for each other/)
    expect((await finished(place, await submit(place, chain))).status?.phase).toBe('Succeeded')
  })

  test('unknown fields and missing sources are refused by the API server with the remedy', async () => {
    await expect(submit(place, '', { name: 'empty' })).rejects.toThrow(/pipelineText/)
    const none = {
      apiVersion: 'pipelines.kfp-ts.dev/v1alpha1',
      kind: 'PipelineRun',
      metadata: { name: 'none' },
      spec: {},
    }
    await expect(
      kube.create(
        { group: 'pipelines.kfp-ts.dev', version: 'v1alpha1', plural: 'pipelineruns' },
        place.namespace,
        none as KubeObject,
      ),
    ).rejects.toThrow(/set exactly one of pipelineSpec, pipelineText, pipelineRef, pipelineFrom/)
  })

  test('the pipeline of a run cannot change', async () => {
    const run = await submit(place, chain)
    await expect(
      kube.patch(
        { group: 'pipelines.kfp-ts.dev', version: 'v1alpha1', plural: 'pipelineruns' },
        place.namespace,
        run.metadata.name,
        {
          spec: { pipelineText: 'other' },
        },
      ),
    ).rejects.toThrow(/create another PipelineRun/)
    await finished(place, run)
  })

  test('a missing Pipeline resource is named', async () => {
    const run = await place.runs
      .create({ pipelineText: '', pipelineName: 'x', name: 'missing-ref' } as never)
      .catch(() => undefined)
    expect(run).toBeUndefined()
    const created = await kube.create(
      { group: 'pipelines.kfp-ts.dev', version: 'v1alpha1', plural: 'pipelineruns' },
      place.namespace,
      {
        apiVersion: 'pipelines.kfp-ts.dev/v1alpha1',
        kind: 'PipelineRun',
        metadata: { name: 'missing-ref' },
        spec: { pipelineRef: { name: 'nowhere' } },
      } as KubeObject,
    )
    const ended = await finished(place, created as never)
    expect(ended.status).toMatchObject({ phase: 'Failed', reason: 'PipelineNotFound' })
    expect(ended.status?.message).toMatch(/no Pipeline "nowhere"/)
  })
})
