import { expect, test } from 'vitest'
import { classifyFailure, type FailureEvidence } from './classify-failure.ts'
import type { ProcessEnd } from './supervise.ts'

const exited = (exitCode: number, signal?: string): ProcessEnd => ({
  kind: 'exited',
  exitCode,
  ...(signal ? { signal } : {}),
})
const E2BIG = Object.assign(new Error('spawn E2BIG'), { code: 'E2BIG' })

test.each<[string, ProcessEnd, Partial<FailureEvidence>, string, string]>([
  ['an exit', exited(3), {}, 'application', 'train failed with exit status 3'],
  ['a signal', exited(139, 'SIGSEGV'), {}, 'application', 'was ended by SIGSEGV (exit status 139)'],
  ['a kill by the kernel', exited(137, 'SIGKILL'), { kernelKilledForMemory: true }, 'oom', 'ran out of memory'],
  ['a kill by somebody', exited(137, 'SIGKILL'), {}, 'application', 'SIGKILL'],
  ['Python without memory', exited(1), { logTail: 'Traceback\nMemoryError: x' }, 'oom', 'ran out of memory'],
  [
    'numpy without memory',
    exited(1),
    { logTail: 'numpy._core._exceptions._ArrayMemoryError: Unable' },
    'oom',
    'ran out of memory',
  ],
  [
    'Node without memory',
    exited(134, 'SIGABRT'),
    { logTail: 'FATAL ERROR: JavaScript heap out of memory' },
    'oom',
    'ran out of memory',
  ],
  [
    'a full disk',
    exited(1),
    { logTail: 'OSError: [Errno 28] No space left on device' },
    'infrastructure',
    'the disk is full',
  ],
  ['nobody knows', { kind: 'lost' }, {}, 'infrastructure', 'nobody saw how it ended'],
  ['a long command line', { kind: 'not-started', error: E2BIG }, {}, 'configuration', '128 KiB'],
])('%s', (_, end, evidence, cause, message) => {
  const failure = classifyFailure(end, {
    logTail: '',
    kernelKilledForMemory: false,
    stepName: 'train',
    logFile: '/l',
    ...evidence,
  })
  expect(failure.cause).toBe(cause)
  expect(failure.message).toContain(message)
})
