/** Runs the corpus: each file ends in the expected state with the expected outputs, steps and logs, two at a time. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { cases } from '../../conformance/cases.ts'
import { corpusFiles, corpusFolder } from '../../conformance/corpus.ts'
import type { ConformanceCase } from '../../conformance/expectation.ts'
import { inParallel } from './in-parallel.ts'
import type { OracleRecord } from './oracle.ts'
import { agrees, resultsPage } from './results.ts'
import { type CaseResult, runCase } from './run-case.ts'

const folder = resolve(import.meta.dirname, '../../conformance')
const files = corpusFiles('valid')
const oracle: Record<string, OracleRecord> = JSON.parse(readFileSync(join(folder, 'oracle.json'), 'utf8'))
/** `CONFORMANCE=word` runs the files with that word only. */
const word = process.env['CONFORMANCE'] ?? ''
const chosen = cases.filter(({ file }) => file.includes(word))
const results = new Map<string, CaseResult>()

/** The last column of cases.tsv. */
const runnable = new Map(
  readFileSync(join(corpusFolder, 'cases.tsv'), 'utf8')
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => [line.split('\t')[0]!, line.split('\t')[3]!]),
)

beforeAll(async () => {
  await inParallel(2, chosen, async (one) => {
    results.set(one.file, await runCase(one))
  })
}, 1_800_000)

describe('the corpus', () => {
  it('has a case for each file that cases.tsv calls runnable', () => {
    const expected = [...runnable].filter(([, how]) => how.startsWith('yes')).map(([file]) => file)
    expect(cases.map(({ file }) => file).sort()).toEqual(expected.sort())
  })

  it.each(chosen.map((one) => [one.file, one] as const))('%s', (file) => {
    expect(results.get(file)?.problems).toEqual([])
  })

  it.each(chosen.filter(({ file }) => comparable(file)).map((one) => [one.file, one] as const))(
    '%s gives what kfp.local gave, or the deviation is known',
    (file, one: ConformanceCase) => {
      const same = agrees(one, oracle[file]!, results.get(file)!)
      expect({ same, oracle: oracle[file], ours: results.get(file) }).toMatchObject({
        same: one.oracleDeviates === undefined,
      })
    },
  )

  it.runIf(word === '')('is described by RESULTS.md', () => {
    const notRun = new Map([...runnable].map(([file, how]) => [file, how.replace(/^no: /, '')]))
    const page = resultsPage({ files, cases, results, oracle, notRun })
    const path = join(folder, 'RESULTS.md')
    if (process.env['UPDATE_RESULTS']) writeFileSync(path, page)
    expect(page).toBe(readFileSync(path, 'utf8'))
  })
})

function comparable(file: string): boolean {
  return oracle[file] !== undefined && oracle[file].state !== 'ERROR'
}
