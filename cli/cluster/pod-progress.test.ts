/** Progress in lines: each thing that happened once, and nothing that did not. */
import { expect, test } from 'vitest'
import type { PipelineRunStatus } from '../../api/pipeline-run.ts'
import type { TaskPod } from '../../client/task-pod.ts'
import { plainRunProgress } from './pod-progress.ts'

function tell() {
  const lines: string[] = []
  const progress = plainRunProgress((line) => lines.push(line))
  return {
    lines,
    run: (status?: PipelineRunStatus) => progress.run({ metadata: { name: 'r' }, spec: {}, status }),
    pod: (phase: string, more: Partial<TaskPod> = {}) =>
      progress.pod({ pod: 'p', path: 'root/train', attempt: 1, phase, ...more }),
  }
}

test('a step from its wait to its end', () => {
  const { lines, pod } = tell()
  pod('Pending', { reason: 'ContainerCreating' })
  pod('Pending', { reason: 'Unschedulable: no node has 8 GPUs' })
  pod('Pending', { reason: 'Unschedulable: no node has 8 GPUs' })
  pod('Running')
  pod('Running')
  const times = { startTime: '2026-01-01T00:00:00Z', endTime: '2026-01-01T00:00:12Z' }
  pod('Failed', { ...times, reason: 'OOMKilled: exit code 137' })
  pod('Running', { attempt: 2 })
  pod('Succeeded', { attempt: 2, ...times })
  expect(lines).toEqual([
    'train  waits: Unschedulable: no node has 8 GPUs',
    'train  started',
    'train  failed in 12 s: OOMKilled: exit code 137',
    'train (attempt 2)  started',
    'train (attempt 2)  succeeded in 12 s',
  ])
})

test('the run: its phases and messages, not each count', () => {
  const { lines, run } = tell()
  run()
  run({ phase: 'Running', message: '1 tasks run', progress: '0/3' })
  run({ phase: 'Running', message: '2 tasks run', progress: '1/3' })
  run({ phase: 'Running', message: '2 tasks run; root/b waits: quota', progress: '1/3' })
  run({ phase: 'Succeeded', message: '3 tasks ran', progress: '3/3' })
  expect(lines).toEqual([
    'Pending: the operator has not looked at it yet',
    'Running: 1 tasks run (0/3)',
    'Running: 2 tasks run; root/b waits: quota (1/3)',
    'Succeeded: 3 tasks ran (3/3)',
  ])
})
