import { expect, test } from 'vitest'
import { threeTinyTasks } from '../../test/bench/three-tiny-tasks.ts'
import { runPipeline } from './index.ts'

test('TypeScript components without a fake run for real, beside those with one', async () => {
  const run = await runPipeline(threeTinyTasks, {
    arguments: { x: 4 },
    components: { second: ({ parameters }) => ({ result: Number(parameters['x']) * 100 }) },
  })
  expect(run.error).toBeUndefined()
  expect(run.outputs).toEqual({ answer: 'result 500' })
  expect(run.attempts.map(({ task }) => task)).toEqual(['root/first', 'root/second', 'root/third'])
})
