import { expect, test } from 'vitest'
import type { RunReport, TaskReport, TaskStateWord } from '../../api/run-report.ts'
import { styleFor } from './terminal.ts'
import { drawTree } from './tree.ts'

const task = (path: string, state: TaskStateWord, more: Partial<TaskReport> = {}): TaskReport => ({
  path: `root/${path}`,
  name: path.split('/').at(-1)!,
  state,
  cached: state === 'CACHED',
  attempts: 1,
  outputs: { parameters: {}, artifacts: {} },
  ...more,
})
const report = (tasks: readonly TaskReport[]): RunReport => ({
  runId: 'r',
  pipeline: 'p',
  state: 'RUNNING',
  outputs: {},
  tasks,
})
const view = { width: 80, height: 24, now: 0, style: styleFor({ isTTY: false }) }

test('groups hold their tasks; states, attempts and errors are seen', () => {
  const error = { code: 'application', message: 'it broke\nbadly' }
  const lines = drawTree(
    report([
      task('load', 'CACHED'),
      task('branch', 'RUNNING'),
      task('branch/train', 'RUNNING', { attempts: 2 }),
      task('branch/check', 'FAILED', { error }),
      task('other', 'SKIPPED'),
    ]),
    view,
  )
  expect(lines).toEqual([
    'p  1 cached, 1 running, 1 failed, 1 skipped',
    '✓ load (cached)',
    '⠋ branch',
    '  ⠋ train attempt 2',
    '  ✗ check it broke',
    '- other',
  ])
})

test('many iterations are counted, and only those that matter are drawn', () => {
  const iterations = Array.from({ length: 1000 }, (_, i) => task(`loop[${i}]/step`, i < 998 ? 'SUCCEEDED' : 'RUNNING'))
  expect(drawTree(report([task('loop', 'RUNNING'), ...iterations]), view)).toEqual([
    'p  998 done, 2 running',
    '⠋ loop',
    '  1000 iterations: 998 done, 2 running',
    '  ⠋ loop[998]',
    '    ⠋ step',
    '  ⠋ loop[999]',
    '    ⠋ step',
  ])
})

test('a small terminal drops what is over first', () => {
  const done = Array.from({ length: 50 }, (_, i) => task(`done-${i}`, 'SUCCEEDED'))
  const lines = drawTree(report([...done, task('last', 'RUNNING')]), { ...view, height: 8 })
  expect(lines.length).toBeLessThan(8)
  expect(lines.at(-1)).toBe('⠋ last')
})
