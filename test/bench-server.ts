/**
 * `make bench-server`: times of lists, searches and pages over many runs with metrics, and log_batch beside `mlflow server`
 * on the same machine and kind of database.
 * Usage: node test/bench-server.ts [--database sqlite|postgres] [--runs 100000] [--no-mlflow]
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { sql } from 'kysely'
import { serve } from '../server/start.ts'
import type { Metadata } from '../store/metadata/database.ts'
import { startMlflow } from './servers/mlflow-server.ts'
import { startPostgres } from './servers/postgres.ts'

const { values: options } = parseArgs({
  options: {
    database: { type: 'string', default: 'sqlite' },
    runs: { type: 'string', default: '100000' },
    'no-mlflow': { type: 'boolean', default: false },
  },
})
const RUNS = Number(options.runs)
const METRICS = 5

/** Runs with five metrics, three parameters and two tags each, in one experiment, written in bulk. */
async function fill({ db, kind }: Metadata, count: number): Promise<void> {
  // One statement of each kind makes all rows: the time that counts is that of the questions.
  const series =
    kind === 'sqlite'
      ? sql`with recursive n(i) as (select 1 union all select i + 1 from n where i < ${count})`
      : sql`with n(i) as (select generate_series(1, ${count}::bigint))`
  const id = kind === 'sqlite' ? sql`printf('%032x', i)` : sql`lpad(to_hex(i), 32, '0')`
  await sql`insert into runs (run_id, experiment_id, namespace, kind, name, user_id, state, lifecycle_stage, storage_state,
    created_at, start_time, end_time, artifact_uri) ${series} select ${id}, 0, '', case when i % 10 = 0 then 'pipeline' else 'tracking' end,
    'run-' || i, 'bench', case when i % 7 = 0 then 'FAILED' else 'SUCCEEDED' end, 'active', 'AVAILABLE', 1700000000000 + i * 1000,
    1700000000000 + i * 1000, 1700000001000 + i * 1000, 'mlflow-artifacts:/0/' || ${id} || '/artifacts' from n`.execute(
    db,
  )
  await sql`insert into pipeline_runs (run_id, pipeline_name, pipeline_spec, runtime_config, scheduled_at, state_history)
    ${series} select ${id}, 'bench', '{}', '{}', 1700000000000 + i * 1000, '[]' from n where i % 10 = 0`.execute(db)
  for (let metric = 0; metric < METRICS; metric++) {
    for (const table of ['metrics', 'latest_metrics']) {
      await sql`insert into ${sql.table(table)} (run_id, key, step, timestamp, value, is_nan) ${series}
        select ${id}, ${`m${metric}`}, 0, 1700000000000 + i, ((i * ${7919 + metric}) % 100003) / 100003.0, 0 from n`.execute(
        db,
      )
    }
  }
  for (const [table, key, modulus] of [
    ['params', 'depth', 12],
    ['params', 'trees', 500],
    ['params', 'seed', 1000],
    ['tags', 'team', 20],
    ['tags', 'stage', 3],
  ] as const) {
    await sql`insert into ${sql.table(table)} (run_id, key, value) ${series}
      select ${id}, ${key}, cast(i % ${sql.lit(modulus)} as text) from n`.execute(db)
  }
  // What autovacuum does on a living database; only with it do index-only scans skip the table.
  await sql`${sql.raw(kind === 'postgres' ? 'vacuum analyze' : 'analyze')}`.execute(db)
}

/** A server may close an idle connection in the moment in which it is used again: clients repeat. */
async function patiently<T>(send: () => Promise<T>, times = 5): Promise<T> {
  try {
    return await send()
  } catch (error) {
    if (times === 1) throw error
    return await patiently(send, times - 1)
  }
}

async function post(url: string, path: string, body: unknown): Promise<Record<string, unknown>> {
  const send = () =>
    fetch(`${url}/api/2.0/mlflow/${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
  const response = await patiently(send)
  if (response.status !== 200) throw new Error(`${path}: ${response.status} ${await response.text()}`)
  return (await response.json()) as Record<string, unknown>
}

/** Median and worst of some calls, in milliseconds. */
async function timed(name: string, times: number, work: () => Promise<unknown>): Promise<void> {
  const taken: number[] = []
  await work()
  for (let count = 0; count < times; count++) {
    const start = performance.now()
    await work()
    taken.push(performance.now() - start)
  }
  taken.sort((a, b) => a - b)
  const [median, worst] = [taken[Math.floor(taken.length / 2)]!, taken.at(-1)!]
  console.log(
    `${name.padEnd(58)} median ${median.toFixed(1).padStart(8)} ms   worst ${worst.toFixed(1).padStart(8)} ms`,
  )
}

const SEARCHES: readonly (readonly [string, object])[] = [
  ['first page of 100, newest first', {}],
  ["params.depth = '7'", { filter: "params.depth = '7'" }],
  ["params.seed = '77' (1 in 1,000)", { filter: "params.seed = '77'" }],
  [
    "params.seed = '77', order by metrics.m1 DESC",
    { filter: "params.seed = '77'", order_by: ['metrics.m1 DESC'], max_results: 50 },
  ],
  ['metrics.m0 > 0.99 (1 in 100)', { filter: 'metrics.m0 > 0.99' }],
  ['metrics.m0 > 0.9999 (1 in 10,000)', { filter: 'metrics.m0 > 0.9999' }],
  [
    "metrics.m0 > 0.9 and tags.team = '3' and status",
    { filter: "metrics.m0 > 0.9 and tags.team = '3' and attributes.status = 'FINISHED'" },
  ],
  ['order by metrics.m1 DESC', { order_by: ['metrics.m1 DESC'] }],
  ["order by metrics.m1 DESC where tags.stage = '1'", { order_by: ['metrics.m1 DESC'], filter: "tags.stage = '1'" }],
  ['run_name LIKE', { filter: "attributes.run_name LIKE 'run-99%'" }],
]

async function benchReads(url: string): Promise<void> {
  for (const [name, search] of SEARCHES) {
    await timed(`search: ${name}`, 5, () =>
      post(url, 'runs/search', { experiment_ids: ['0'], max_results: 100, ...search }),
    )
  }
  let token: unknown
  for (let page = 0; page < 50; page++) {
    const found = await post(url, 'runs/search', { experiment_ids: ['0'], max_results: 1000, page_token: token })
    token = found['next_page_token'] ?? token
  }
  await timed('search: page of 1000 after 50,000 runs', 5, () =>
    post(url, 'runs/search', { experiment_ids: ['0'], max_results: 1000, page_token: token }),
  )
  const list = (query: string) => async () => {
    const response = await fetch(`${url}/apis/v2beta1/runs?${query}`)
    if (response.status !== 200) throw new Error(await response.text())
    await response.arrayBuffer()
  }
  await timed('KFP: list of 20 pipeline runs, newest first', 5, list('page_size=20&sort_by=created_at%20desc'))
  await timed('KFP: list of 20 by metric:m2', 5, list('page_size=20&sort_by=metric%3Am2%20desc'))
}

/** Clients that each log batches of 20 metrics to their own run, one after the other, for some seconds after a first one. */
async function benchWrites(name: string, url: string, clients = 8, seconds = 10): Promise<void> {
  let batches = 0
  const batch = async (runId: string, step: number) => {
    const [value, timestamp] = [step, Date.now()]
    const metrics = Array.from({ length: 20 }, (_, key) => ({ key: `k${key}`, value, timestamp, step }))
    await post(url, 'runs/log-batch', { run_id: runId, metrics })
  }
  const runs = await Promise.all(
    Array.from({ length: clients }, async () => {
      const created = await post(url, 'runs/create', { experiment_id: '0', start_time: Date.now() })
      const { run_id: runId } = (created['run'] as { info: { run_id: string } }).info
      await batch(runId, 0)
      return runId
    }),
  )
  const start = performance.now()
  const until = start + seconds * 1000
  const client = async (runId: string) => {
    for (let step = 1; performance.now() < until; step++, batches++) await batch(runId, step)
  }
  await Promise.all(runs.map(client))
  const perSecond = batches / ((performance.now() - start) / 1000)
  console.log(`${`log_batch of 20 metrics, ${clients} clients: ${name}`.padEnd(58)} ${perSecond.toFixed(1)} batches/s`)
}

const directory = mkdtempSync(join(tmpdir(), 'kfp-ts-bench-'))
const postgres = options.database === 'postgres' ? await startPostgres() : undefined
const server = await serve({ dataDirectory: directory, database: postgres?.url, port: 0 })
try {
  const load = loadavg().map((value) => value.toFixed(1))
  console.log(`${options.database}, ${RUNS} runs with ${METRICS} metrics each; load of the machine ${load.join(' ')}`)
  const start = performance.now()
  await fill(server.services.metadata, RUNS)
  console.log(`filled in ${((performance.now() - start) / 1000).toFixed(0)} s`)
  await benchReads(server.url)
  await benchWrites('kfp-ts', server.url)
  if (!options['no-mlflow']) {
    const other = postgres ? await startPostgres() : undefined
    const database = other ? other.url.replace('postgres://', 'postgresql://') : `sqlite:///${directory}/mlflow.db`
    const mlflow = await startMlflow({ database, directory })
    try {
      await benchWrites('mlflow server 3.17.2', mlflow.url)
    } finally {
      await mlflow.stop()
      await other?.stop()
    }
  }
} finally {
  await server.close()
  await postgres?.stop()
  rmSync(directory, { recursive: true, force: true })
}
