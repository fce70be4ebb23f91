import { expect, test } from 'vitest'
import { styleFor } from '../local/progress/terminal.ts'
import { planLines } from './plan.ts'

const plain = styleFor({ isTTY: false })

test('iterations of which the same is said are one line; what changed stands below', () => {
  const task = (name: string, decision: string, reason: string, changes = {}) => ({
    task: `root/${name}`,
    decision,
    reason,
    ...changes,
  })
  const changes = [{ part: 'image', before: 'a:1', now: 'a:2' }]
  const lines = planLines(
    [
      task('load', 'reuse', 'nothing of it changed since run r'),
      ...[0, 1, 2].map((index) => task(`loop[${index}]/train`, 'run', 'changed since run r: image', { changes })),
      task('loop[3]/train', 'cache', 'the same was done in run s'),
      task('test', 'run', 'changed since run r: image', { changes }),
    ],
    plain,
  )
  expect(lines).toEqual(
    [
      '6 tasks: 4 run, 1 reused, 1 from the cache',
      '  load                           reuse    nothing of it changed since run r',
      '  loop[*]/train (3 iterations)   run      changed since run r: image',
      '  loop[3]/train                  cache    the same was done in run s',
      '  test                           run      changed since run r: image',
      `${' '.repeat(42)}image: a:1 -> a:2`,
    ].map((line) =>
      expect.stringMatching(
        new RegExp(
          `^${line
            .trimEnd()
            .replaceAll(/[[\]*().]/g, '\\$&')
            .replaceAll(/ +/g, ' +')}$`,
        ),
      ),
    ),
  )
})

test('a plan of very many different lines is cut, and says so', () => {
  const tasks = Array.from({ length: 300 }, (_, index) => ({
    task: `root/t${index}`,
    decision: 'run',
    reason: 'it failed',
  }))
  expect(planLines(tasks, plain).at(-1)).toBe('  … and 100 lines more (--json has all)')
})
