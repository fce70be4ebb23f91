import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { KubeError } from '../client/kube/transport.ts'
import { createStatusWriter } from './status-writer.ts'

const RUN = { namespace: 'ml', name: 'train', uid: 'u', runId: 'u', displayName: 'train' }
let answers: number[]
let tries: number
let troubles: unknown[]

beforeEach(() => {
  vi.useFakeTimers()
  answers = []
  tries = 0
  troubles = []
})
afterEach(() => {
  vi.useRealTimers()
})

async function patch(): Promise<void> {
  tries++
  const status = answers.shift()
  if (status) throw new KubeError({ method: 'PATCH', path: '/' }, { status, text: '{}' })
}

/** How the write went after that time. */
async function write(seconds: number): Promise<string> {
  const writer = createStatusWriter(
    { patch } as never,
    () => {},
    (error) => troubles.push(error),
  )
  let outcome = 'repeats'
  writer.write(RUN, undefined, { phase: 'Succeeded' }).then(
    () => {
      outcome = 'written'
    },
    () => {
      outcome = 'refused'
    },
  )
  await vi.advanceTimersByTimeAsync(seconds * 1000)
  return outcome
}

test.each([
  ['an API server that is away', [503, 503], 'written', 3, 0],
  ['a token that is changed', [401, 401], 'written', 3, 1],
  ['a role that is missing for a moment', [403], 'written', 2, 1],
  ['a run that is gone', [404], 'written', 1, 0],
  ['a status that the schema does not allow', [422], 'refused', 1, 0],
  ['one that is too large', [413], 'refused', 1, 0],
])('%s', async (_name, given, outcome, tried, told) => {
  answers = given
  expect(await write(10)).toBe(outcome)
  expect([tries, troubles.length]).toEqual([tried, told])
})

test('rights that are missing for long are asked for seldom, and told once', async () => {
  answers = Array(1000).fill(403)
  expect(await write(600)).toBe('repeats')
  expect(tries).toBeLessThan(50)
  expect(troubles).toHaveLength(1)
})
