import { expect, test } from 'vitest'
import type { Pod, PodStatus } from './pod-types.ts'
import { readPod } from './read-pod.ts'

const pod = (status: PodStatus, deleted = false): Pod => ({
  metadata: { name: 'p', ...(deleted ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}) },
  status,
})
const ended = (exitCode: number, reason = 'Error', message?: string): PodStatus => ({
  phase: 'Failed',
  containerStatuses: [{ name: 'main', state: { terminated: { exitCode, reason, message } } }],
})
const waitingFor = (reason: string): PodStatus => ({
  phase: 'Pending',
  containerStatuses: [{ name: 'main', state: { waiting: { reason, message: 'details' } } }],
})
const disrupted = (reason: string): PodStatus => ({
  ...ended(137),
  conditions: [{ type: 'DisruptionTarget', status: 'True', reason, message: 'why' }],
})

test.each<[string, Pod, string]>([
  [
    'exit 0',
    pod({ phase: 'Running', containerStatuses: [{ name: 'main', state: { terminated: { exitCode: 0 } } }] }),
    'succeeded',
  ],
  ['phase Succeeded', pod({ phase: 'Succeeded' }), 'succeeded'],
  ['exit 3', pod(ended(3)), 'failed application'],
  ['killed by a signal', pod(ended(137)), 'failed application'],
  ['OOM', pod(ended(137, 'OOMKilled')), 'failed oom'],
  ['program not found', pod(ended(128, 'StartError', 'exec: "x": not found')), 'failed configuration'],
  ['preempted', pod(disrupted('PreemptionByScheduler')), 'failed preempted'],
  ['evicted through the API', pod(disrupted('EvictionByEvictionAPI')), 'failed evicted'],
  ['evicted by the kubelet', pod({ phase: 'Failed', reason: 'Evicted', message: 'disk' }), 'failed evicted'],
  ['taint manager', pod(disrupted('DeletionByTaintManager')), 'failed infrastructure'],
  ['node lost', pod({ phase: 'Failed', reason: 'NodeLost' }), 'failed infrastructure'],
  ['out of time', pod({ phase: 'Failed', reason: 'DeadlineExceeded', message: 'late' }), 'failed timeout'],
  ['rejected by the kubelet', pod({ phase: 'Failed', reason: 'OutOfcpu' }), 'failed infrastructure'],
  ['deleted by hand while it ran', pod(ended(143), true), 'failed infrastructure'],
  [
    'being deleted',
    pod({ phase: 'Running', containerStatuses: [{ name: 'main', state: { running: {} } }] }, true),
    'leaving',
  ],
  ['running', pod({ phase: 'Running', containerStatuses: [{ name: 'main', state: { running: {} } }] }), 'running'],
  ['image', pod(waitingFor('ImagePullBackOff')), 'waiting image'],
  ['missing secret', pod(waitingFor('CreateContainerConfigError')), 'waiting configuration'],
  ['container starts', pod(waitingFor('ContainerCreating')), 'waiting'],
  [
    'unschedulable',
    pod({
      phase: 'Pending',
      conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '0/1 nodes' }],
    }),
    'waiting',
  ],
  ['new', pod({}), 'waiting'],
])('%s', (_name, given, expected) => {
  const fact = readPod(given)
  const detail = fact.kind === 'failed' ? fact.failure.cause : fact.kind === 'waiting' ? fact.hopeless : undefined
  expect([fact.kind, detail].filter(Boolean).join(' ')).toBe(expected)
})

test('a failure carries exit code and the end of the log', () => {
  const fact = readPod(pod(ended(3, 'Error', 'Traceback: boom')))
  expect(fact).toMatchObject({ kind: 'failed', failure: { exitCode: 3, logTail: 'Traceback: boom' } })
})

test('an init container that fails ends the attempt, with the end of its log; one beside the step does not', () => {
  const broken = (restartPolicy?: string): Pod => {
    const initContainers = [{ name: 'prepare', image: 'i', restartPolicy }]
    const initContainerStatuses = [{ name: 'prepare', state: { terminated: { exitCode: 2, message: 'no disk' } } }]
    const containerStatuses = [{ name: 'main', state: { running: {} } }]
    const given = pod({ phase: 'Running', initContainerStatuses, containerStatuses })
    return { ...given, spec: { initContainers } as unknown as NonNullable<Pod['spec']> }
  }
  const failure = { cause: 'application', exitCode: 2, logTail: 'no disk' }
  expect(readPod(broken())).toMatchObject({ kind: 'failed', failure })
  expect(readPod(broken('Always'))).toEqual({ kind: 'running' })
})

test('says why no node takes it', () => {
  const fact = readPod(
    pod({
      phase: 'Pending',
      conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '0/1 nodes' }],
    }),
  )
  expect(fact).toEqual({ kind: 'waiting', message: 'no node takes it (Unschedulable): 0/1 nodes' })
})

const starting = (ready: 'True' | 'False', init?: string): Pod =>
  pod({
    ...waitingFor('ContainerCreating'),
    conditions: [{ type: 'PodReadyToStartContainers', status: ready }],
    ...(init ? { initContainerStatuses: [{ name: init, state: { running: {} } }] } : {}),
  })
const withBeside = (given: Pod, name: string): Pod => {
  const initContainers = [{ name, image: 'i', restartPolicy: 'Always' }]
  return { ...given, spec: { initContainers } as unknown as NonNullable<Pod['spec']> }
}
test.each([
  ['volumes and network', starting('False'), 'its node prepares volumes and network (ContainerCreating)'],
  ['its image', starting('True'), 'its image is pulled (ContainerCreating)'],
  ['its inputs', starting('True', 'kfp-ts-launcher'), 'its inputs are copied in'],
  ['an init container', starting('True', 'prepare'), 'its init container prepare runs'],
  [
    'its image, with one beside it',
    withBeside(starting('True', 'proxy'), 'proxy'),
    'its image is pulled (ContainerCreating)',
  ],
  [
    'its inputs by a sidecar',
    withBeside(starting('True', 'kfp-ts-launcher'), 'kfp-ts-launcher'),
    'its inputs are copied in',
  ],
  ['a node', pod({ phase: 'Pending' }), 'it waits for a node'],
])('says that a pod waits for %s', (_what, given, message) => {
  expect(readPod(given)).toMatchObject({ kind: 'waiting', message })
})
