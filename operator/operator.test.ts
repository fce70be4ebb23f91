/** What becomes of runs that are tried again, at the moments when news cross. */
import { afterEach, expect, test, vi } from 'vitest'
import type { PipelineRunStatus } from '../api/pipeline-run.ts'
import type { KubeClient } from '../client/kube/client.ts'
import {
  ENDED,
  startWholeOperator,
  stepsText,
  type WholeOperator,
  type WholeOperatorOptions,
} from './testing/whole-operator.ts'

let whole: WholeOperator

const start = async (options?: WholeOperatorOptions) => {
  whole = await startWholeOperator(options)
}
afterEach(async () => {
  await whole.operator.stop()
  await whole.metadata.close()
})

const statusOf = (run: string): PipelineRunStatus => whole.get(run).status ?? {}
const reaches = (run: string, status: PipelineRunStatus) =>
  vi.waitFor(() => expect(statusOf(run)).toMatchObject(status), { timeout: 5_000 })
/** The pod of that place among all, once it is there. */
const pod = (index: number) =>
  vi.waitFor(() => {
    expect(whole.pods().length).toBeGreaterThan(index)
    return whole.pods()[index]!
  })

test('a retry that is asked for when the record says FAILED is not lost, though the resource does not say so yet', async () => {
  const patch: KubeClient['patch'] = async (resource, namespace, name, body, subresource) => {
    const isEnd =
      (body as { status?: PipelineRunStatus }).status?.phase === 'Failed' && !whole.get(name).spec.retryCount
    if (isEnd) whole.edit(name, { retryCount: 1 })
    await new Promise((resolve) => setTimeout(resolve, 20))
    const answer = await whole.cluster.client.patch(resource, namespace, name, body, subresource)
    // The event of it comes before the answer.
    if (isEnd) await new Promise((resolve) => setTimeout(resolve, 20))
    return answer as never
  }
  await start({ kube: () => ({ patch }) })
  whole.apply('train')
  whole.setPod(await pod(0), ENDED.badly)
  whole.setPod(await pod(1), ENDED.well)
  await reaches('train', { phase: 'Succeeded', retryCount: 1 })
  expect(await whole.recorded('train')).toBe('SUCCEEDED')
})

test('a retry that is asked for while other tasks run is carried out after the end', async () => {
  await start()
  whole.apply('train', { pipelineText: stepsText('a', 'b') })
  whole.setPod(await pod(0), ENDED.badly)
  const second = await pod(1)
  whole.edit('train', { retryCount: 1 })
  await reaches('train', { observedGeneration: 2, retryCount: 0 })
  whole.setPod(second, ENDED.well)
  whole.setPod(await pod(2), ENDED.well)
  await reaches('train', { phase: 'Succeeded', retryCount: 1 })
  expect(whole.pods()).toHaveLength(3)
})

test('a cancel takes back the retry that was asked for before it', async () => {
  await start()
  whole.apply('train')
  await pod(0)
  whole.edit('train', { retryCount: 1 })
  whole.edit('train', { cancel: true })
  await vi.waitFor(() => expect(whole.pods()).toEqual([]))
  await reaches('train', { phase: 'Canceled', retryCount: 1 })
  expect(whole.operator.endedRuns()).toHaveLength(1)
})

test('a retry that is refused again is over', async () => {
  await start()
  whole.apply('train', { pipelineText: 'no pipeline' })
  await reaches('train', { phase: 'Failed', reason: 'InvalidPipeline', retryCount: 0 })
  whole.edit('train', { retryCount: 1 })
  await reaches('train', { phase: 'Failed', reason: 'InvalidPipeline', retryCount: 1 })
  await vi.waitFor(() => expect(whole.operator.endedRuns()).toHaveLength(1))
})

test('a run that is canceled while its retry waits in line is over', async () => {
  await start({ limits: { activeRuns: 1 } })
  whole.apply('train')
  whole.setPod(await pod(0), ENDED.badly)
  await reaches('train', { phase: 'Failed' })
  whole.apply('other', { priority: 1 })
  await pod(1)
  whole.edit('train', { retryCount: 1 })
  whole.edit('train', { cancel: true })
  await reaches('train', { phase: 'Canceled', retryCount: 1 })
  expect(whole.operator.endedRuns()).toHaveLength(1)
})
