import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parseFilter, parseOrder } from '../../server/mlflow/search-grammar.ts'
import { RUN_VOCABULARY } from '../../server/mlflow/vocabularies.ts'
import { type Metadata, openMetadata } from './database.ts'
import { ensureDefaultExperiment } from './experiments.ts'
import { logBatch } from './log-batch.ts'
import { searchRuns } from './run-search.ts'
import { insertRun } from './runs.ts'

let metadata: Metadata
const VALUES = [0.5, Number.NaN, undefined, 0.9, Number.POSITIVE_INFINITY, 0.5, Number.NEGATIVE_INFINITY, undefined]

beforeAll(async () => {
  metadata = await openMetadata({ url: ':memory:' })
  await ensureDefaultExperiment(metadata.db, 1)
  for (const [index, value] of VALUES.entries()) {
    const runId = `r${index}`
    await insertRun(metadata.db, {
      runId,
      experimentId: 0,
      namespace: '',
      kind: 'tracking',
      name: `name_${index}`,
      userId: '',
      state: index === 0 ? 'SUCCEEDED' : 'RUNNING',
      startTime: 1000 + index,
      artifactUri: '',
      now: index,
      tags: [
        { key: 'odd', value: String(index % 2) },
        // Longer than what is indexed of it.
        { key: 'long', value: `${'ü'.repeat(70)}${index % 4}` },
      ],
    })
    if (value !== undefined) {
      await logBatch(metadata.db, runId, { metrics: [{ key: 'm', value, timestamp: 1, step: 0 }] })
    }
  }
})
afterAll(() => metadata.close())

/** Ids of all pages, read in pages of `limit`. */
async function ids(filter: string, order: string[], limit = 3): Promise<string[]> {
  const found: string[] = []
  let pageToken: string | undefined
  do {
    const page = await searchRuns(metadata, {
      namespace: '',
      experimentIds: [0],
      conditions: parseFilter(filter, RUN_VOCABULARY),
      order: parseOrder(order, RUN_VOCABULARY),
      stages: ['active'],
      limit,
      pageToken,
      scope: 'test',
    })
    found.push(...page.runs.map((run) => run.run_id))
    pageToken = page.nextPageToken
  } while (pageToken)
  return found
}

describe('order and pages', () => {
  const rows: [order: string[], wanted: string][] = [
    [[], 'r7 r6 r5 r4 r3 r2 r1 r0'],
    [['metrics.m DESC'], 'r4 r3 r5 r0 r6 r1 r7 r2'],
    [['metrics.m ASC'], 'r6 r5 r0 r3 r4 r1 r7 r2'],
    [['start_time ASC'], 'r0 r1 r2 r3 r4 r5 r6 r7'],
    [['tags.odd', 'start_time'], 'r0 r2 r4 r6 r1 r3 r5 r7'],
    [['attributes.run_name DESC'], 'r7 r6 r5 r4 r3 r2 r1 r0'],
    [['end_time', 'run_id'], 'r7 r6 r5 r4 r3 r2 r1 r0'],
  ]
  test.each(rows)('%s', async (order, wanted) => {
    for (const limit of [1, 2, 3, 100]) {
      const found = await ids('', order, limit)
      if (order[1] === 'run_id') expect(found.toSorted()).toEqual(wanted.split(' ').toSorted())
      else expect([limit, found.join(' ')]).toEqual([limit, wanted])
    }
  })
})

describe('filters', () => {
  const rows: [filter: string, wanted: string][] = [
    ['metrics.m > 0.5', 'r3 r4'],
    ['metrics.m != 0.5', 'r1 r3 r4 r6'],
    ['metrics.m <= 0.5', 'r0 r5 r6'],
    ["tags.odd = '1' AND metrics.m = 0.5", 'r5'],
    [`tags.long = '${'ü'.repeat(70)}3'`, 'r3 r7'],
    [`tags.long = '${'ü'.repeat(64)}'`, ''],
    ["run_name LIKE 'name_%'", 'r0 r1 r2 r3 r4 r5 r6 r7'],
    ["run_name LIKE 'NAME%'", ''],
    ["run_name ILIKE 'NAME%' and attribute.status = 'FINISHED'", 'r0'],
    ["run_id IN ('r1', 'r2')", 'r1 r2'],
    ['tags.nope IS NULL and start_time >= 1006', 'r6 r7'],
    ["tags.`odd` = '0' and tags.\"odd\" != '1' and start_time < 1003", 'r0 r2'],
  ]
  test.each(rows)('%s', async (filter, wanted) => {
    expect((await ids(filter, ['start_time'])).join(' ')).toBe(wanted)
  })

  const wrong = [
    'metrics.m > "1"',
    'params.a = 1',
    'a = ',
    "x.y = 'z'",
    'metrics.m > 1 OR metrics.m < 0',
    '(metrics.m > 1)',
    'run_id IN ()',
    "params.a IN ('x')",
    "params.a > 'x'",
    "attributes.constructor = 'x'",
    "'",
  ]
  test.each(wrong)('%s is refused', (filter) => {
    expect(() => parseFilter(filter, RUN_VOCABULARY)).toThrow(expect.objectContaining({ code: 'invalid' }))
  })
})
