/** `kfp-ts serve` as a process: the example's schedule is stored, backfilled over days, and survives a kill of the server. */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'

const ROOT = resolve(import.meta.dirname, '../../..')
const KFP_TS = join(ROOT, 'bin/kfp-ts.js')
let folder: string
let server: { child: ChildProcess; url: string } | undefined

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kfp-ts-schedule-'))
})
afterAll(async () => {
  await stop('SIGTERM')
  await rm(folder, { recursive: true, force: true })
})

async function start(): Promise<void> {
  const child = spawn(process.execPath, [KFP_TS, 'serve', '--port', '0', '--root', folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let text = ''
  for await (const chunk of child.stdout) {
    text += chunk
    const url = /http:\/\/\S+/.exec(text)?.[0]
    if (!url) continue
    server = { child, url }
    return
  }
  throw new Error('the server did not start')
}

async function stop(signal: NodeJS.Signals): Promise<void> {
  const child = server?.child
  server = undefined
  if (!child || child.exitCode !== null) return
  const ended = new Promise((done) => child.once('exit', done))
  child.kill(signal)
  await ended
}

async function schedule(...words: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [KFP_TS, 'schedule', ...words, '--root', folder], {
    cwd: ROOT,
  })
  return stdout
}

interface Run {
  readonly display_name: string
  readonly state: string
  readonly runtime_config: { readonly parameters: { readonly from: string; readonly to: string } }
}

async function runs(): Promise<Run[]> {
  const answer = await fetch(`${server!.url}/apis/v2beta1/runs?page_size=100`)
  return ((await answer.json()) as { runs?: Run[] }).runs ?? []
}

async function until<T>(what: string, ask: () => Promise<T | undefined | false>): Promise<T> {
  for (const end = Date.now() + 600_000; Date.now() < end; await delay(200)) {
    const answer = await ask()
    if (answer) return answer
  }
  throw new Error(`not in ten minutes: ${what}`)
}

test('a backfill of six days, with the server killed in the middle: each day once, with its own interval', async () => {
  await start()
  await schedule(
    'examples/pipeline-centric/pipeline.ts',
    '-p',
    `source=${join(ROOT, 'examples/data/seattle-weather.csv')}`,
  )
  expect(
    await schedule('backfill', 'daily-weather', '--from', '2015-12-01', '--to', '2015-12-06', '--max-active-runs', '2'),
  ).toMatch(/6 dates is stored/)
  await until('some run', async () => (await runs()).length >= 2)
  await stop('SIGKILL')
  await start()
  const ended = await until('the end of all', async () => {
    const all = await runs()
    return all.length >= 6 && all.every(({ state }) => ['SUCCEEDED', 'FAILED'].includes(state)) && all
  })
  const days = ended.map(
    ({ state, runtime_config: { parameters } }) =>
      `${parameters.from.slice(8, 10)}-${parameters.to.slice(8, 10)} ${state}`,
  )
  expect(days.sort()).toEqual(['01-02', '02-03', '03-04', '04-05', '05-06', '06-07'].map((day) => `${day} SUCCEEDED`))
  await until('the backfill to end', async () => /Succeeded, 6 dates/.test(await schedule('explain', 'daily-weather')))
  const dryRun = await schedule('backfill', 'daily-weather', '--from', '2015-12-05', '--to', '2015-12-07', '--dry-run')
  expect(
    dryRun
      .trim()
      .split('\n')
      .map((line) => line.split(/\s+/)[1]),
  ).toEqual(['AlreadyExists', 'AlreadyExists', 'Created'])
})

test('KFP recurring runs are these schedules: created, listed, disabled, deleted through its API', async () => {
  const call = async (method: string, path: string, body?: object) => {
    const headers = { 'content-type': 'application/json' }
    const answer = await fetch(`${server!.url}/apis/v2beta1${path}`, {
      method,
      headers,
      ...(body ? { body: JSON.stringify(body) } : {}),
    })
    expect([path, answer.status]).toEqual([path, 200])
    return (await answer.json()) as Record<string, string>
  }
  const spec = {
    pipelineInfo: { name: 'nothing' },
    schemaVersion: '2.1.0',
    sdkVersion: 'kfp-2.17.0',
    root: { dag: { tasks: {} } },
  }
  const trigger = { cron_schedule: { cron: '* * * * * *', start_time: new Date().toISOString() } }
  const created = await call('POST', '/recurringruns', {
    display_name: 'each second',
    pipeline_spec: spec,
    trigger,
    mode: 'ENABLE',
    max_concurrency: '1',
    runtime_config: {},
  })
  const id = created['recurring_run_id']!
  await until(
    'runs of each second',
    async () => (await runs()).filter(({ display_name: name }) => name.startsWith('r-')).length >= 2,
  )
  expect(await schedule('list')).toMatch(/\* \* \* \* \* \*/)
  await call('POST', `/recurringruns/${id}:disable`)
  await until('it to be suspended', async () => /Suspended/.test(await schedule('explain', id)))
  await call('DELETE', `/recurringruns/${id}`)
  expect(await schedule('list')).not.toMatch(/\* \* \* \* \* \*/)
})

test('the webhook: one run a key, with its parameters', async () => {
  const call = async (name: string, key: string, body: object) => {
    const headers = { 'content-type': 'application/json', 'idempotency-key': key }
    const answer = await fetch(`${server!.url}/api/v1/schedules/${name}/run`, {
      method: 'POST',
      headers,
      body: JSON.stringify(body),
    })
    return { status: answer.status, body: (await answer.json()) as { accepted?: boolean; runId?: string } }
  }
  const body = { logicalDate: '2015-12-20T00:00:00Z' }
  expect((await call('daily-weather', 'k1', body)).status).toBe(200)
  const first = await until('the answer', async () => {
    const again = await call('daily-weather', 'k1', body)
    return again.body.runId !== undefined && again.body.accepted !== undefined && again
  })
  const other = await until('the refusal of a date that is taken', async () => {
    const again = await call('daily-weather', 'k2', body)
    return again.body.accepted !== undefined && again
  })
  expect([first.body.accepted, other.body.accepted]).toEqual([true, false])
  expect((await call('no-such', 'k3', {})).status).toBe(404)
  expect((await call('daily-weather', 'k4', { logicalDate: 'soon' })).status).toBe(400)
})
