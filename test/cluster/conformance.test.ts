/** Every pipeline of the corpus that the images here allow, on pods: ends in the expected state. Prints a table of all. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  finished,
  installCrds,
  makePlace,
  type OperatorProcess,
  type Place,
  ROOT,
  startOperatorProcess,
  submit,
} from './support/cluster.ts'
import { argumentsOf, expectedState, prepareCases } from './support/conformance-cases.ts'

const CORPUS = join(ROOT, 'test/conformance/corpus')
const AT_ONCE = 4
let place: Place
let operator: OperatorProcess

beforeAll(async () => {
  await installCrds()
  place = await makePlace('conf')
  await prepareCases(place)
  operator = await startOperatorProcess(place, ['--image-grace', '5', '--max-pods', '24'])
})
afterAll(async () => {
  await operator?.kill()
  await place?.remove()
})

interface Row {
  readonly path: string
  readonly expected: string
  outcome: string
}

test('the corpus on pods', async () => {
  const only = process.env['KFP_TS_CASES']?.split(',')
  const lines = (await readFile(join(CORPUS, 'cases.tsv'), 'utf8')).trim().split('\n').slice(1)
  const rows: Row[] = []
  const queue: Row[] = []
  for (const line of lines) {
    const [path = '', , images = '', runnable = ''] = line.split('\t')
    if (only && !only.some((name) => path.includes(name))) continue
    const expected = expectedState(path, images, runnable)
    const row: Row = { path, expected, outcome: expected.startsWith('skipped') ? expected : '' }
    rows.push(row)
    if (!row.outcome) queue.push(row)
  }
  await Promise.all(Array.from({ length: AT_ONCE }, () => worker(queue)))
  const width = Math.max(...rows.map(({ path }) => path.length))
  const table = rows.map(({ path, outcome }) => `${path.padEnd(width)}  ${outcome}`).join('\n')
  const passed = rows.filter(({ outcome }) => outcome.startsWith('passed')).length
  process.stdout.write(`${table}\n${passed} of ${rows.length} passed, ${rows.length - queueLength(rows)} skipped\n`)
  expect(rows.filter(({ outcome }) => !outcome.startsWith('passed') && !outcome.startsWith('skipped'))).toEqual([])
})

const queueLength = (rows: readonly Row[]): number =>
  rows.filter(({ expected }) => !expected.startsWith('skipped')).length

async function worker(queue: Row[]): Promise<void> {
  for (let row = queue.shift(); row; row = queue.shift()) row.outcome = await runCase(row)
}

async function runCase({ path, expected }: Row): Promise<string> {
  const startedAt = Date.now()
  try {
    const text = await readFile(join(CORPUS, 'valid', path), 'utf8')
    const run = await submit(place, text, {
      arguments: argumentsOf(path),
      name: path
        .toLowerCase()
        .replace(/\.yaml$/, '')
        .replace(/[^a-z0-9]+/g, '-')
        .slice(0, 60),
    })
    const { status } = await finished(place, run, 900)
    const seconds = `${((Date.now() - startedAt) / 1000).toFixed(0)} s, ${status?.podsCreated ?? 0} pods`
    if (status?.phase === expected) return `passed (${expected}, ${seconds})`
    return `FAILED: ended ${status?.phase}, not ${expected} (${seconds}): ${status?.message?.slice(0, 600)}`
  } catch (error) {
    return `FAILED: ${error instanceof Error ? error.message : error}`
  }
}
