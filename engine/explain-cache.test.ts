import { describe, expect, test } from 'vitest'
import { cacheStory, type EarlierResult } from './explain-cache.ts'
import { TEST_CONFIG } from './testing/simulate.ts'
import type { Action, CacheAnswer } from './types.ts'

const lookUp = (task: string, parts: Record<string, string>): Action => ({
  kind: 'look-up-cache',
  task,
  pipelineName: 'p',
  cacheKey: { key: JSON.stringify(parts), parts },
})
const miss: CacheAnswer = { hit: false, reason: 'no earlier result has this key' }
const result = (task: string, savedAt: number, parts: Record<string, string>): EarlierResult => ({
  runId: `run-of-${savedAt}`,
  task,
  parts,
  savedAt,
})

/** The story of one question, asked at 100, with this answer. */
function storyOf(task: string, parts: Record<string, string>, answer: CacheAnswer = miss) {
  const story = cacheStory(TEST_CONFIG)
  story.hear({ at: 100, event: { kind: 'started' } }, [lookUp(task, parts)])
  story.hear({ at: 101, event: { kind: 'cache-answered', task, answer } }, [])
  return story
}
const nearestOf = (task: string, parts: Record<string, string>, earlier: readonly EarlierResult[]) =>
  storyOf(task, parts).explain(earlier)[0]!.nearest

describe('the nearest earlier result', () => {
  const rows: readonly (readonly [story: string, earlier: readonly EarlierResult[], runId: string | undefined])[] = [
    ['there is none', [], undefined],
    ['what was saved later did not exist', [result('root/a', 200, { x: '1' })], undefined],
    [
      'of the same task, though another differs less',
      [result('root/b', 1, { x: '1', y: '2' }), result('root/a', 2, {})],
      'run-of-2',
    ],
    ['of another task, where the task has none', [result('root/b', 1, { x: '1' })], 'run-of-1'],
    ['the fewest changes', [result('root/a', 1, { x: '1' }), result('root/a', 2, { x: '9' })], 'run-of-1'],
    ['of several the newest', [result('root/a', 1, { x: '1' }), result('root/a', 2, { x: '1' })], 'run-of-2'],
  ]
  test.each(rows)('%s', (_story, earlier, runId) => {
    expect(nearestOf('root/a', { x: '1', y: '1' }, earlier)?.runId).toBe(runId)
  })

  test('of a loop is looked for in all iterations', () => {
    const earlier = [result('root/loop[0]/a', 1, { item: '0' }), result('root/loop[1]/a', 1, { item: '1' })]
    expect(nearestOf('root/loop[7]/a', { item: '1' }, earlier)).toEqual({
      runId: 'run-of-1',
      task: 'root/loop[1]/a',
      changes: [],
    })
  })

  test('names what changed, in the order of names', () => {
    expect(nearestOf('root/a', { y: '2', x: '1' }, [result('root/a', 1, { x: '0', z: '3' })])?.changes).toEqual([
      { part: 'x', before: '0', now: '1' },
      { part: 'y', now: '2' },
      { part: 'z', before: '3' },
    ])
  })

  test('of ten thousand iterations is found for each', () => {
    const story = cacheStory(TEST_CONFIG)
    const earlier = Array.from({ length: 10_000 }, (_, item) => result(`root/loop[${item}]`, 1, { item: `-${item}` }))
    for (let item = 0; item < 10_000; item++) {
      const task = `root/loop[${item}]`
      story.hear({ at: 100, event: { kind: 'clock' } }, [lookUp(task, { item: String(item) })])
      story.hear({ at: 100, event: { kind: 'cache-answered', task, answer: miss } }, [])
    }
    expect(story.explain(earlier).filter(({ nearest }) => nearest?.changes.length === 1)).toHaveLength(10_000)
  })
})

test('a hit names its source, and the last word about a task counts', () => {
  const story = storyOf('root/a', { x: '1' })
  const outputs = { parameters: {}, artifacts: {} }
  const answer: CacheAnswer = { hit: true, outputs, sourceRunId: 'run-0', sourceTask: 'root/b' }
  story.hear({ at: 102, event: { kind: 'cache-answered', task: 'root/a', answer } }, [])
  expect(story.explain([])).toEqual([{ task: 'root/a', hit: true, source: { runId: 'run-0', task: 'root/b' } }])
  expect(story.lastAsked()).toMatchObject({ pipelineName: 'p', at: 100 })
})

test('under a run that is reused, what changed since says more than that the cache had nothing', () => {
  const story = cacheStory({ ...TEST_CONFIG, reuse: { runId: 'run-0', runName: 'first' } })
  const changes = [{ part: 'image', before: 'a', now: 'b' }]
  const reason = 'changed since run first: image'
  story.hear({ at: 1, event: { kind: 'reuse-answered', task: 'root/a', answer: { hit: false, reason, changes } } }, [])
  story.hear({ at: 2, event: { kind: 'cache-answered', task: 'root/a', answer: miss } }, [])
  expect(story.explain([])).toEqual([
    { task: 'root/a', hit: false, reason, nearest: { runId: 'run-0', task: 'root/a', changes } },
  ])
})
