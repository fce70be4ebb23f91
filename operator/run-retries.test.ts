import { expect, test } from 'vitest'
import { planRetry, retriesAtEnd } from './run-retries.ts'

const NOW = { isFinished: false, retries: 0 }
const ENDED = { isFinished: true, retries: 0 }
const view = (
  retryCount: number,
  retriesDone: number,
  more: { startedAt?: number | undefined; cancel?: boolean } = {},
) => ({
  retryCount,
  retriesDone,
  startedAt: 1,
  cancel: false,
  ...more,
})

test.each([
  ['a new run', view(0, 0, { startedAt: undefined }), NOW, false, 0],
  ['a new run whose author wrote a count', view(3, 0, { startedAt: undefined }), NOW, false, 3],
  ['a run that goes on', view(2, 2), { ...NOW, retries: 2 }, false, 2],
  ['a retry that was asked for while it ran and nobody looked', view(1, 0), NOW, false, 0],
  ['a retry that is asked for after the end', view(1, 0), ENDED, true, 1],
  ['a count that leaps', view(5, 0), ENDED, true, 5],
  ['a retry that began and whose status was not written', view(1, 0), { ...NOW, retries: 1 }, false, 1],
  ['the same, and it ended', view(1, 0), { ...ENDED, retries: 1 }, false, 1],
  ['a canceled run', view(1, 0, { cancel: true }), ENDED, false, 0],
])('%s', (_name, asked, journal, begins, retryCount) => {
  expect(planRetry(asked, journal)).toEqual({ begins, retryCount })
})

test('at the end what was asked for meanwhile is open, unless a cancel took it back', () => {
  const plan = { begins: false, retryCount: 1 }
  expect(retriesAtEnd(view(2, 1), plan)).toBe(1)
  expect(retriesAtEnd(view(2, 1, { cancel: true }), plan)).toBe(2)
  expect(retriesAtEnd(view(0, 1, { cancel: true }), plan)).toBe(1)
})
