/** Runs files of the corpus on pods, a few at a time, and tells of each whether it ended as it must. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { PipelineRun } from '../../../client/runs.ts'
import { finished, type Place, ROOT, submit } from './cluster.ts'
import { argumentsOf, type Expectation, expectationOf } from './conformance-cases.ts'

const CORPUS = join(ROOT, 'test/conformance/corpus')
const AT_ONCE = 4

export interface Row {
  readonly path: string
  readonly expected: Expectation
  /** Starts with `passed`, `skipped` or `FAILED`. */
  outcome: string
}

/** The files whose path has one of these texts, all at once; the whole corpus without, a few at a time. KFP_TS_CASES chooses too. */
export async function runCorpus(place: Place, among: readonly string[] = []): Promise<Row[]> {
  const only = process.env['KFP_TS_CASES']?.split(',') ?? []
  const lines = (await readFile(join(CORPUS, 'cases.tsv'), 'utf8')).trim().split('\n').slice(1)
  const rows: Row[] = []
  for (const line of lines) {
    const [path = '', , , runnable = ''] = line.split('\t')
    if (!isAmong(path, only) || !isAmong(path, among)) continue
    const expected = expectationOf(path, runnable)
    rows.push({ path, expected, outcome: 'skipped' in expected ? `skipped: ${expected.skipped}` : '' })
  }
  const queue = rows.filter(({ outcome }) => outcome === '')
  await Promise.all(Array.from({ length: among.length || AT_ONCE }, () => worker(place, queue)))
  return rows
}

const isAmong = (path: string, wanted: readonly string[]): boolean =>
  wanted.length === 0 || wanted.some((text) => path.includes(text))

export function printTable(title: string, rows: readonly Row[]): void {
  const width = Math.max(...rows.map(({ path }) => path.length))
  const table = rows.map(({ path, outcome }) => `${path.padEnd(width)}  ${outcome}`).join('\n')
  const count = (start: string): number => rows.filter(({ outcome }) => outcome.startsWith(start)).length
  process.stdout.write(
    `${title}\n${table}\n${count('passed')} of ${rows.length} passed, ${count('skipped')} skipped, ${count('FAILED')} failed\n`,
  )
}

async function worker(place: Place, queue: Row[]): Promise<void> {
  for (let row = queue.shift(); row; row = queue.shift()) row.outcome = await runCase(place, row)
}

async function runCase(place: Place, { path, expected }: Row): Promise<string> {
  const startedAt = Date.now()
  try {
    const text = await readFile(join(CORPUS, 'valid', path), 'utf8')
    const name = path
      .toLowerCase()
      .replace(/\.yaml$/, '')
      .replace(/[^a-z0-9]+/g, '-')
      .slice(0, 60)
      .replace(/-$/, '')
    const { status } = await finished(place, await submit(place, text, { arguments: argumentsOf(path), name }), 900)
    const seconds = `${((Date.now() - startedAt) / 1000).toFixed(0)} s, ${status?.podsCreated ?? 0} pods`
    const wrong = difference(expected, status)
    if (wrong) return `FAILED: ${wrong} (${seconds}): ${status?.message?.slice(0, 600)}`
    return `passed (${status?.phase}${because(expected)}, ${seconds})`
  } catch (error) {
    return `FAILED: ${error instanceof Error ? error.message : error}`
  }
}

const because = (expected: Expectation): string =>
  'because' in expected && expected.because ? ` as it must: ${expected.because}` : ''

function difference(expected: Expectation, status: PipelineRun['status']): string | undefined {
  if ('skipped' in expected) return undefined
  if (status?.phase !== expected.phase) return `ended ${status?.phase}, not ${expected.phase}`
  if (expected.phase === 'Succeeded' || !expected.because) return undefined
  const causes: (string | undefined)[] = [status.reason, ...(status.attention ?? []).map(({ cause }) => cause)]
  return causes.includes(expected.because) ? undefined : `failed by ${causes.join(', ')}, not by ${expected.because}`
}
