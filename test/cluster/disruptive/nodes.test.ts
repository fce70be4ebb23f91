/** A second real node that is drained, tainted and at last loses power: the cause is told, and the step runs elsewhere. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { PipelineRunSpec } from '../../../api/pipeline-run.ts'
import type { FailureCause } from '../../../api/run-report.ts'
import { PODS } from '../../../client/kube/resources.ts'
import type { PipelineRun } from '../../../client/runs.ts'
import type { Pod } from '../../../operator/pod/pod-types.ts'
import { finished, kube, kubectl, submit, until } from '../support/cluster.ts'
import { useOperator, usePlace } from '../support/fixtures.ts'
import { shellPipeline } from '../support/pipelines.ts'
import { isKind, script } from '../support/servers.ts'

const FIRST = 'kfp-ts-node'
const SECOND = 'node-2'
/** Sleeps where it starts first; a retry ends at once. */
const step = shellPipeline('moved', { nap: { script: '[ "$KFP_RETRY_INDEX" != 0 ] || sleep 600; echo moved' } })
const place = usePlace('nodes')

/** A run that may try again, and one that may not, both with their pod running on the second node. */
async function runsOnSecondNode(cause: FailureCause): Promise<{ patient: PipelineRun; strict: PipelineRun }> {
  const spec = { retries: { [cause]: { limit: 0 } } } as Partial<PipelineRunSpec>
  kubectl('cordon', FIRST)
  try {
    const [patient, strict] = [await submit(place, step), await submit(place, step, { spec })]
    for (const run of [patient, strict]) {
      await until('its pod runs', async () => (await place.runs.pods(run)).some(({ phase }) => phase === 'Running'))
      expect(await nodesOf(run)).toEqual([SECOND])
    }
    return { patient, strict }
  } finally {
    kubectl('uncordon', FIRST)
  }
}

async function nodesOf(run: PipelineRun): Promise<(string | undefined)[]> {
  const pods = await Promise.all(
    (await place.runs.pods(run)).map(({ pod }) => kube.get<Pod>(PODS, place.namespace, pod)),
  )
  return pods.map(({ spec }) => spec?.nodeName)
}

async function expectMoved(
  { patient, strict }: Record<'patient' | 'strict', PipelineRun>,
  cause: FailureCause,
  text: RegExp,
) {
  const moved = await finished(place, patient, 600)
  expect(moved.status).toMatchObject({ phase: 'Succeeded', podsCreated: 2 })
  expect(await nodesOf(patient)).toContain(FIRST)
  const ended = await finished(place, strict, 600)
  expect(ended.status).toMatchObject({ phase: 'Failed', podsCreated: 1 })
  expect(ended.status?.attention?.[0]).toMatchObject({ path: 'root/nap', cause })
  expect(ended.status?.message).toMatch(text)
}

describe.skipIf(isKind)('a second node', () => {
  beforeAll(() => {
    script('node.sh', 'add', SECOND)
  })
  afterAll(() => {
    kubectl('uncordon', FIRST)
    script('node.sh', 'remove', SECOND)
  })
  useOperator(place)

  test('that is drained', async () => {
    const runs = await runsOnSecondNode('evicted')
    try {
      kubectl('drain', SECOND, '--force', '--ignore-daemonsets', '--delete-emptydir-data', '--timeout=180s')
      await expectMoved(runs, 'evicted', /EvictionByEvictionAPI: .*on node node-2/)
    } finally {
      kubectl('uncordon', SECOND)
    }
  })

  test('that gets a taint steps do not tolerate', async () => {
    const runs = await runsOnSecondNode('infrastructure')
    kubectl('taint', 'nodes', SECOND, 'repair=now:NoExecute')
    try {
      await expectMoved(runs, 'infrastructure', /DeletionByTaintManager: .*on node node-2/)
    } finally {
      kubectl('taint', 'nodes', SECOND, 'repair=now:NoExecute-')
    }
  })

  test('that is gone from one moment to the next', async () => {
    const runs = await runsOnSecondNode('infrastructure')
    const lostAt = Date.now()
    script('node.sh', 'kill', SECOND)
    await expectMoved(runs, 'infrastructure', /NodeLost: the node node-2 did not end the pod in time/)
    process.stdout.write(`the steps of a lost node ran elsewhere after ${Math.round((Date.now() - lostAt) / 1000)} s\n`)
    const left = await kube.list<Pod>(PODS, { namespace: place.namespace, fieldSelector: `spec.nodeName=${SECOND}` })
    expect(left.items.filter(({ status }) => status?.phase === 'Running')).toEqual([])
  })
})
