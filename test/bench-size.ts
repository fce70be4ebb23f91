/**
 * `make bench-size`: bytes that a run and a task take in the metadata database, by the difference between short and long runs.
 * Runs go through the operator's own records: header, journal, what servers show, cache.
 * Usage: node test/bench-size.ts [--runs 400]
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { sql } from 'kysely'
import { stringify } from 'yaml'
import { simulate, TEST_CONFIG } from '../engine/testing/simulate.ts'
import { leafOf, pipelineOf, taskOf } from '../engine/testing/small-pipeline.ts'
import { createSqlRecords } from '../operator/run-records.ts'
import { type Metadata, openMetadata } from '../store/metadata/database.ts'
import { ensureDefaultExperiment } from '../store/metadata/experiments.ts'
import { serverPrograms, startPostgres } from './servers/postgres.ts'

const { values: options } = parseArgs({ options: { runs: { type: 'string', default: '400' } } })
const RUNS = Number(options.runs)
const SHORT = 10
const LONG = 60

/** A loop: so the pipeline's text is the same for any number of tasks. A parameter in, a parameter out, the cache on. */
function loop(items: number) {
  const raw = JSON.stringify(Array.from({ length: items }, (_, index) => `item-${index}`))
  const each = { parameterIterator: { items: { raw }, itemInput: 'text' }, cachingOptions: { enableCache: true } }
  return pipelineOf({
    root: { dag: { tasks: { train: taskOf('step', {}, { taskInfo: { name: 'train' }, ...each }) } } },
    components: { step: leafOf({ text: 'STRING' }, { out: 'STRING' }) },
  })
}

async function fill(metadata: Metadata, tasks: number): Promise<void> {
  const records = createSqlRecords(metadata, { served: { separateNamespaces: true, changed: () => {} } })
  const document = loop(tasks)
  const pipelineText = stringify(document.spec)
  for (let number = 0; number < RUNS; number++) {
    const runId = `${tasks}-${String(number).padStart(33, '0')}`
    const { journal, actions, report } = simulate(document, { config: { runId }, arguments: {} })
    await records.create({
      config: { ...TEST_CONFIG, runId, runName: `train-${tasks}-${number}` },
      namespace: 'ml',
      resource: { name: `train-${tasks}-${number}`, uid: runId },
      pipelineName: 'small',
      pipelineText,
    })
    await records.append(runId, 0, journal)
    await records.record(report)
    for (const action of actions) {
      if (action.kind !== 'save-cache') continue
      const key = { ...action.cacheKey, key: `${action.cacheKey.key}${number}` }
      await records.saveCache('ml', 'small', key, { outputs: action.outputs, runId, task: action.task }, 1)
    }
  }
}

async function measure(name: string, url: string, sizeOf: (metadata: Metadata) => Promise<number>): Promise<void> {
  const metadata = await openMetadata({ url })
  await ensureDefaultExperiment(metadata.db, 0)
  const empty = await sizeOf(metadata)
  await fill(metadata, SHORT)
  const afterShort = await sizeOf(metadata)
  await fill(metadata, LONG)
  const short = (afterShort - empty) / RUNS
  const long = ((await sizeOf(metadata)) - afterShort) / RUNS
  await metadata.close()
  const perTask = (long - short) / (LONG - SHORT)
  console.log(`${name}: ${round(short - SHORT * perTask)} a run of a small pipeline, ${round(perTask)} a task`)
}

const round = (bytes: number): string => `${(bytes / 1000).toFixed(1)} kB`

const folder = mkdtempSync(join(tmpdir(), 'kfp-ts-bench-size-'))
const file = join(folder, 'metadata.db')
const postgres = await startPostgres(['fsync=off'])
try {
  await measure('SQLite', file, async ({ db }) => {
    await sql`vacuum`.execute(db)
    await sql`pragma wal_checkpoint(truncate)`.execute(db)
    return statSync(file).size
  })
  await measure('Postgres', postgres.url, async ({ db }) => {
    await sql`vacuum full`.execute(db)
    const { rows } = await sql<{ size: string }>`select pg_database_size(current_database()) as size`.execute(db)
    return Number(rows[0]!.size)
  })
  const dump = execFileSync(join(serverPrograms(), 'pg_dump'), ['-Fc', `--dbname=${postgres.url}`], {
    maxBuffer: 2 ** 30,
  })
  console.log(`pg_dump -Fc of ${2 * RUNS} runs with ${RUNS * (SHORT + LONG)} tasks: ${round(dump.length)}`)
} finally {
  await postgres.stop()
  rmSync(folder, { recursive: true, force: true })
}
