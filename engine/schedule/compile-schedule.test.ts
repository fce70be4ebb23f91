import { describe, expect, test } from 'vitest'
import { parseScheduledRunSpec } from '../../api/parse-scheduled-run.ts'
import { compileSchedule } from './compile-schedule.ts'
import { at } from './testing.ts'

const runTemplate = { pipelineRef: { name: 'p' } }

/** What a user sees: shape first, then meaning; `path: message (hint)`. */
function problems(spec: object, name = 'nightly'): string[] {
  const parsed = parseScheduledRunSpec({ runTemplate, ...spec })
  const issues = parsed.spec ? compileSchedule(name, parsed.spec, at('2026-01-01T00:00:00Z')).issues : parsed.issues
  return issues.map((issue) => `${issue.severity} ${issue.path}: ${issue.message} (${issue.hint})`)
}

const cron = (text: string) => ({ schedule: { cron: text } })
const rows: [story: string, spec: object, wanted: RegExp][] = [
  [
    'impossible date',
    cron('0 0 30 2 *'),
    /spec.schedule.cron: this cron has no instant within five years.*30 February/,
  ],
  ['minute 60', cron('60 * * * *'), /minute "60": "60" is not allowed \(use 0-59/],
  ['six fields in cron', cron('0 0 6 * * 1-5'), /has 6 fields, expected five.*cronSeconds/],
  ['five fields in cronSeconds', { schedule: { cronSeconds: '0 6 * * 1' } }, /has 5 fields, expected six.*leading 0/],
  ['L', cron('0 0 L * *'), /L, W and # are not supported/],
  ['backwards range', cron('0 22-3 * * *'), /runs backwards \(write it as two: 22-23,0-3\)/],
  ['question mark', cron('? * * * *'), /"\?" stands alone in a day field only/],
  ['step of nothing', cron('*/0 * * * *'), /not a value, a range or a step/],
  ['step that never fires twice', cron('*/90 * * * *'), /^warning .*a step of 90 never fires twice.*use `every`/],
  ['unknown preset', cron('@once'), /is not a preset.*once: \{\}/],
  [
    'unknown zone',
    { ...cron('@daily'), timeZone: 'Mars/Olympus' },
    /spec.timeZone: "Mars\/Olympus" is not a known time zone/,
  ],
  [
    'end before start',
    { startTime: '2026-02-01T00:00:00Z', endTime: '2026-01-01T00:00:00Z' },
    /spec.endTime: endTime is not after startTime/,
  ],
  ['no time', { startTime: '2026-02-30T00:00:00Z' }, /spec.startTime: this is not a time \(write RFC 3339/],
  ['interval too short', { schedule: { every: '500ms' } }, /whole seconds, one second or more/],
  ['two timings', { schedule: { cron: '@daily', every: '1h' } }, /exactly one of cron, cronSeconds/],
  [
    'unknown field',
    { time_zone: 'UTC' },
    /spec.time_zone: there is no field "time_zone" here \(did you mean "timeZone"\?\)/,
  ],
  ['unknown word', { catchup: 'all' }, /spec.catchup: this value is not allowed \(use one of All, Latest, None\)/],
  ['no runs at once', { maxActiveRuns: 0 }, /spec.maxActiveRuns: the value must be >= 1 \(use 1 or more\)/],
  ['no pipeline', { runTemplate: {} }, /the run template names no pipeline/],
  ['deadline without None', { startingDeadlineSeconds: 5 }, /^warning .*catchup None only/],
]

describe('a wrong spec is told where, what and what to do', () => {
  test.each(rows)('%s', (_story, spec, wanted) => {
    expect(problems(spec)).toEqual([expect.stringMatching(wanted)])
  })

  test('a name that its runs could not carry', () => {
    expect(problems({}, 'Nightly_Training')).toEqual([expect.stringMatching(/metadata.name.*lower-case/)])
  })

  test('all problems at once', () => {
    expect(problems({ ...cron('61 25 * * *'), timeZone: 'X/Y' }).length).toBe(3)
  })
})

test('a leap-day cron is accepted', () => {
  expect(problems(cron('0 0 29 2 *'))).toEqual([])
})
