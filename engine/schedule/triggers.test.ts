import { describe, expect, test } from 'vitest'
import { parseScheduledRunSpec } from '../../api/parse-scheduled-run.ts'
import { compileSchedule } from './compile-schedule.ts'
import { checkMacros } from './macros.ts'
import { at } from './testing.ts'
import { findTriggerLoop, loopIssue, type ScheduleNode } from './triggers.ts'

const runTemplate = { pipelineRef: { name: 'p' } }
function compile(spec: object) {
  const parsed = parseScheduledRunSpec({ runTemplate, ...spec })
  return parsed.spec ? compileSchedule('s', parsed.spec, at('2026-01-01T00:00:00Z')) : { issues: parsed.issues }
}
const problems = (spec: object) =>
  compile(spec).issues.map((issue) => `${issue.severity} ${issue.path}: ${issue.message} (${issue.hint})`)

const rows: [story: string, triggers: object[], wanted: RegExp][] = [
  ['no kind', [{ name: 'x' }], /spec.triggers\[0\]: a trigger has exactly one of afterRun, artifact, alias, webhook/],
  ['two kinds', [{ webhook: {}, alias: { model: 'm', alias: 'a' } }], /exactly one of/],
  [
    'two sources',
    [{ afterRun: { pipeline: 'p', schedule: 's' } }],
    /afterRun names exactly one of pipeline and schedule/,
  ],
  ['no source', [{ afterRun: {} }], /afterRun names exactly one/],
  ['half an artifact', [{ artifact: { pipeline: 'p' } }], /artifact names a uri, or pipeline and output/],
  ['a place that is none', [{ artifact: { uri: 'data.csv' } }], /neither an absolute path nor the URI of an object/],
  ['the same twice', [{ webhook: {} }, { name: 'again', webhook: {} }], /listens to the same as trigger "webhook"/],
  [
    'one name twice',
    [
      { name: 'x', webhook: {} },
      { name: 'x', afterRun: { pipeline: 'q' } },
    ],
    /spec.triggers\[1\].name: another trigger is called "x"/,
  ],
  [
    'a state that is none',
    [{ afterRun: { pipeline: 'q', states: ['Done'] } }],
    /use one of Succeeded, Failed, Canceled, Any/,
  ],
  ['a field that is none', [{ afterrun: { pipeline: 'q' } }], /did you mean "afterRun"\?/],
]

describe('a wrong trigger is told where, what and what to do', () => {
  test.each(rows)('%s', (_story, triggers, wanted) => {
    expect(problems({ triggers })).toEqual([expect.stringMatching(wanted)])
  })
  test('All of one is a warning', () => {
    expect(problems({ triggers: [{ webhook: {} }], triggerPolicy: 'All' })).toEqual([
      expect.stringMatching(/^warning spec.triggerPolicy/),
    ])
  })
})

test('names and identities: a name is free, what is listened to is the identity', () => {
  const of = (triggers: object[]) => compile({ triggers }).schedule!.triggers
  const three = of([{ afterRun: { pipeline: 'a' } }, { afterRun: { pipeline: 'b' } }, { afterRun: { schedule: 'a' } }])
  expect(three.map(({ name }) => name)).toEqual(['afterRun', 'afterRun_2', 'afterRun_3'])
  expect(new Set(three.map(({ key }) => key)).size).toBe(3)
  expect(of([{ name: 'x', afterRun: { pipeline: 'a', states: ['Succeeded'] } }])[0]?.key).toBe(three[0]?.key)
  expect(of([{ afterRun: { pipeline: 'a', states: ['Any'] } }])[0]?.key).toBe(
    of([{ afterRun: { pipeline: 'a', states: ['Canceled', 'Failed', 'Succeeded'] } }])[0]?.key,
  )
})

describe('loops', () => {
  const node = (name: string, pipeline: string, ...after: object[]): ScheduleNode => ({
    name,
    pipeline,
    triggers: after.map((afterRun) => ({ afterRun })),
  })
  test.each<[string, ScheduleNode[], string[] | undefined]>([
    ['after itself by schedule', [node('a', 'pa', { schedule: 'a' })], ['a', 'a']],
    ['after itself by pipeline', [node('a', 'pa', { pipeline: 'pa' })], ['a', 'a']],
    ['two', [node('a', 'pa', { schedule: 'b' }), node('b', 'pb', { pipeline: 'pa' })], ['a', 'b', 'a']],
    [
      'three, with a way that leads nowhere',
      [
        node('a', 'pa', { schedule: 'dead' }, { pipeline: 'pc' }),
        node('dead', 'pd'),
        node('b', 'pb', { schedule: 'a' }),
        node('c', 'pc', { schedule: 'b' }),
      ],
      ['a', 'c', 'b', 'a'],
    ],
    ['a chain', [node('a', 'pa', { schedule: 'b' }), node('b', 'pb', { schedule: 'c' }), node('c', 'pc')], undefined],
    ['before a loop of others', [node('a', 'pa', { schedule: 'b' }), node('b', 'pb', { schedule: 'b' })], undefined],
  ])('%s', (_story, nodes, way) => {
    expect(findTriggerLoop(nodes[0]!, nodes)).toEqual(way)
  })
  test('are told by name', () => {
    expect(loopIssue(['a', 'b', 'a']).message).toMatch(/a runs after b runs after a$/)
    expect(loopIssue(['a', 'a']).message).toMatch(/a runs after itself$/)
  })
})

test('macros that no trigger gives are warned about', () => {
  const { triggers } = compile({ triggers: [{ name: 'up', afterRun: { pipeline: 'q' } }, { webhook: {} }] }).schedule!
  const said = (text: string, of = triggers) => checkMacros(text, 'p', of).map(({ message }) => message)
  expect(said('[[trigger.outputs.accuracy]] [[trigger.payload.a.b]] [[triggers.up.run_id]] [[trigger.at]]')).toEqual([])
  expect(said('[[trigger.digest]]')).toEqual(['[[trigger.digest]] is empty: the trigger gives no digest'])
  expect(said('[[triggers.down.run_id]]')).toEqual(['[[triggers.down.run_id]]: no trigger is called "down"'])
  expect(said('[[trigger.run_id]]', [])).toEqual(['[[trigger.run_id]] is empty: the schedule has no triggers'])
})
