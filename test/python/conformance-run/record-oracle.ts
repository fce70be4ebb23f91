/**
 * Runs every case with `kfp.local` and writes what it showed to test/conformance/oracle.json: `node record-oracle.ts [WORD...]`
 * (only files whose name holds a word). Takes minutes, since each case gets a fresh environment; the test compares with the record.
 */
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { cases } from '../../conformance/cases.ts'
import type { ConformanceCase } from '../../conformance/expectation.ts'
import { freshOracleEnvironment } from '../oracle-environment.ts'
import { inParallel } from './in-parallel.ts'
import type { OracleRecord } from './oracle.ts'
import { pipelineFile } from './run-case.ts'
import { standInVariables } from './stand-ins.ts'

const recordFile = resolve(import.meta.dirname, '../../conformance/oracle.json')
const TIMEOUT_MILLIS = 300_000

async function ask(one: ConformanceCase): Promise<OracleRecord> {
  const folder = await mkdtemp(join(tmpdir(), 'kfp-ts-oracle-'))
  try {
    const environment = await freshOracleEnvironment(folder)
    const scratch = join(folder, 'scratch')
    await mkdir(scratch)
    const file = await pipelineFile(one, folder)
    const args = JSON.stringify(one.arguments ?? {}).replaceAll('SCRATCH', scratch)
    const path = `${join(environment, 'bin')}:${process.env['PATH']}`
    const env = { ...process.env, ...one.environment, ...(await standInVariables(one.standIns ?? [], folder, path)) }
    const answer = join(folder, 'answer.json')
    await new Promise<void>((done) => {
      const command = [join(import.meta.dirname, 'oracle.py'), file, args, join(folder, 'root'), answer]
      const options = { cwd: folder, env, maxBuffer: 64 << 20, timeout: TIMEOUT_MILLIS }
      execFile(join(environment, 'bin/python'), command, options, () => done())
    })
    const text = await readFile(answer, 'utf8').catch(() => '{"state": "ERROR", "message": "no answer in time"}')
    return JSON.parse(text.replaceAll(folder, 'FOLDER'))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

const words = process.argv.slice(2)
const record: Record<string, OracleRecord> = JSON.parse(await readFile(recordFile, 'utf8').catch(() => '{}'))
const chosen = cases.filter(({ file }) => words.length === 0 || words.some((word) => file.includes(word)))
await inParallel(2, chosen, async (one) => {
  record[one.file] = await ask(one)
  process.stdout.write(`${one.file}: ${record[one.file]?.state} ${record[one.file]?.message ?? ''}\n`)
  const sorted = Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)))
  await writeFile(recordFile, `${JSON.stringify(sorted, null, 2)}\n`)
})
