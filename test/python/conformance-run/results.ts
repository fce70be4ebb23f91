/** The table test/conformance/RESULTS.md: for each file of the corpus, passed, or why not. Pure. */
import type { ConformanceCase } from '../../conformance/expectation.ts'
import type { OracleRecord } from './oracle.ts'
import { type CaseResult, canonical } from './run-case.ts'

const HEAD = `# Conformance: results

<!-- Written by the test test/python/conformance-run with UPDATE_RESULTS=1; without it, the test fails when this page is not true. -->

Every file of \`test/conformance/corpus/valid\` is read without an error or warning (test/conformance/parse.test.ts). The files that can run
without special infrastructure are run by \`kfp-ts run FILE --host-commands --json\` and compared with what \`test/conformance/cases.ts\`
says. The last column compares the outputs with those of PyPI's \`kfp.local\` as recorded in \`test/conformance/oracle.json\`.

`

export interface ResultsInput {
  /** All files of the corpus. */
  readonly files: readonly string[]
  readonly cases: readonly ConformanceCase[]
  readonly results: ReadonlyMap<string, CaseResult>
  readonly oracle: Readonly<Record<string, OracleRecord>>
  /** Why a file cannot run here, from cases.tsv. */
  readonly notRun: ReadonlyMap<string, string>
}

export function resultsPage({ files, cases, results, oracle, notRun }: ResultsInput): string {
  const byFile = new Map(cases.map((one) => [one.file, one]))
  const rows = files.map((file) => {
    const one = byFile.get(file)
    if (!one) return [file, `not run: ${notRun.get(file) ?? 'no case'}`, ''] as const
    const { problems, state } = results.get(file)!
    const note = one.note ? ` (${one.note})` : ''
    const shown = problems.length === 0 ? `passed: ${state}${note}` : `FAILS: ${problems[0]}`
    return [file, shown, oracleWord(one, oracle[file], results.get(file)!)] as const
  })
  const passed = cases.filter(({ file }) => results.get(file)?.problems.length === 0).length
  const summary = `${files.length} files read, ${cases.length} run, ${passed} of them as expected, ${files.length - cases.length} not run.\n\n`
  const lines = rows.map(
    (row) => `| ${row.map((cell) => cell.replaceAll('|', '\\|').replaceAll(/\s+/g, ' ')).join(' | ')} |\n`,
  )
  return `${HEAD}${summary}| file | run | kfp.local |\n| --- | --- | --- |\n${lines.join('')}`
}

function oracleWord(one: ConformanceCase, record: OracleRecord | undefined, result: CaseResult): string {
  if (!record) return 'not asked'
  if (record.state === 'ERROR') return `cannot run it: ${record.message}`
  if (one.oracleDeviates) return `differs: ${one.oracleDeviates}`
  return agrees(one, record, result) ? 'same' : `differs: ${record.message ?? JSON.stringify(record.outputs)}`
}

/** Same state and, where both succeeded, same outputs; each may know outputs that the other does not list. */
export function agrees(one: ConformanceCase, record: OracleRecord, result: CaseResult): boolean {
  if (record.state !== result.state) return false
  if (one.random) return true
  const common = Object.keys(record.outputs ?? {}).filter((name) => name in result.outputs)
  return common.every((name) => canonical(record.outputs?.[name]) === canonical(result.outputs[name]))
}
