import { setImmediate as turn } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { TaskStateWord } from '../api/run-report.ts'
import { createPastTasks } from './past-tasks.ts'

type States = Record<string, TaskStateWord | undefined>

function world(states: States) {
  let refusals = 0
  const troubles: unknown[] = []
  const past = createPastTasks({
    stateOf: async (namespace, run, task) => {
      if (refusals-- > 0) throw new Error('no database')
      return states[`${namespace}/${run}/${task}`]
    },
    onTrouble: (error) => troubles.push(error),
  })
  return { past, troubles, refuse: (times: number) => (refusals = times) }
}
async function isOpen(gate: { opened: Promise<void> }): Promise<boolean> {
  await turn()
  await turn()
  return await Promise.race([gate.opened.then(() => true), turn().then(() => false)])
}

test('a task waits while it is not well in the run before, with a reason, and goes when it is', async () => {
  const states: States = { 'ml/r1/root/train': 'RUNNING' }
  const { past } = world(states)
  const told: string[] = []
  const gate = past.enter('ml', 'r1', 'root/train', () => told.push(gate.why()))
  expect(await isOpen(gate)).toBe(false)
  const running = 'dependsOnPast: in run r1 this task is RUNNING'
  past.changed('ml', 'r1')
  expect(await isOpen(gate)).toBe(false)
  expect(told).toEqual([running])
  states['ml/r1/root/train'] = 'FAILED'
  past.changed('ml', 'r1')
  expect(await isOpen(gate)).toBe(false)
  expect(told).toEqual([running, expect.stringMatching(/is FAILED; retry or delete that run$/)])
  states['ml/r1/root/train'] = 'SUCCEEDED'
  past.changed('other', 'r1')
  expect(await isOpen(gate)).toBe(false)
  past.changed('ml', 'r1')
  expect(await isOpen(gate)).toBe(true)
})

test.each<[string, TaskStateWord | undefined]>([
  ['no such run or task', undefined],
  ['skipped', 'SKIPPED'],
  ['from the cache', 'CACHED'],
])('nothing to wait for: %s', async (_, state) => {
  const { past } = world({ 'ml/r1/t': state })
  expect(await isOpen(past.enter('ml', 'r1', 't'))).toBe(true)
})

test('who leaves is let go and forgotten', async () => {
  const { past } = world({ 'ml/r1/t': 'RUNNING' })
  const gate = past.enter('ml', 'r1', 't')
  gate.leave()
  gate.leave()
  expect(await isOpen(gate)).toBe(true)
})

test('a database that is away is trouble, not a yes', async () => {
  const { past, troubles, refuse } = world({ 'ml/r1/t': 'SUCCEEDED' })
  refuse(1)
  const gate = past.enter('ml', 'r1', 't')
  expect(await isOpen(gate)).toBe(false)
  expect(troubles).toHaveLength(1)
  past.changed('ml', 'r1')
  expect(await isOpen(gate)).toBe(true)
})
