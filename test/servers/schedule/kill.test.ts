/** SIGKILL of `kfp-ts serve` at random moments while a schedule makes a run each second. KFP_TS_KILLS sets how many (default 4). */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { openMetadata } from '../../../store/metadata/database.ts'

const ROOT = resolve(import.meta.dirname, '../../..')
const KFP_TS = join(ROOT, 'bin/kfp-ts.js')
const KILLS = Number(process.env['KFP_TS_KILLS'] ?? 4)
let folder: string
let child: ChildProcess | undefined

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kfp-ts-schedule-kill-'))
})
afterAll(async () => {
  await end('SIGTERM')
  await rm(folder, { recursive: true, force: true })
})

async function start(): Promise<void> {
  const started = spawn(process.execPath, [KFP_TS, 'serve', '--port', '0', '--root', folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  child = started
  for await (const chunk of started.stdout) if (/http:\/\//.test(String(chunk))) return
  throw new Error('the server did not start')
}
async function end(signal: NodeJS.Signals): Promise<void> {
  const running = child
  child = undefined
  if (!running || running.exitCode !== null) return
  const ended = new Promise((done) => running.once('exit', done))
  running.kill(signal)
  await ended
}
async function schedule(...words: string[]): Promise<string> {
  return (await promisify(execFile)(process.execPath, [KFP_TS, 'schedule', ...words, '--root', folder])).stdout
}

/** Second of each run that was made, from the database itself. */
async function seconds(): Promise<{ planned: number[]; recorded: number }> {
  const metadata = await openMetadata({ url: join(folder, 'metadata.db') })
  try {
    const rows = await metadata.db.selectFrom('schedule_runs').select('logical_date').orderBy('logical_date').execute()
    const runs = await metadata.db.selectFrom('pipeline_runs').select('run_id').execute()
    return { planned: rows.map(({ logical_date: at }) => Number(at) / 1000), recorded: runs.length }
  } finally {
    await metadata.close()
  }
}

test(`${KILLS} kills of the server: each second has its run, none has two`, async () => {
  const nothing = {
    pipelineInfo: { name: 'nothing' },
    schemaVersion: '2.1.0',
    sdkVersion: 'kfp-2.14.3',
    root: { dag: { tasks: {} } },
    components: {},
    deploymentSpec: { executors: {} },
  }
  await writeFile(join(folder, 'nothing.yaml'), stringify(nothing))
  await start()
  await schedule('create', join(folder, 'nothing.yaml'), '--name', 'each', '--every', '1s', '--catchup', 'All')
  for (let kills = 0; kills < KILLS; kills += 1) {
    await delay(200 + Math.random() * 1500)
    await end('SIGKILL')
    await start()
  }
  await schedule('pause', 'each')
  // Held by the pause, so that nothing is under way: the last second is the cursor.
  const count = async () => (await seconds()).planned.length
  for (let before = -1, now = await count(); now > before; now = await count()) {
    before = now
    await delay(3000)
  }
  await end('SIGTERM')
  const { planned, recorded } = await seconds()
  expect(planned.length).toBeGreaterThan(KILLS / 2)
  expect(planned).toEqual(Array.from({ length: planned.length }, (_, index) => planned[0]! + index))
  expect(recorded).toBe(planned.length)
  process.stdout.write(`serve killed ${KILLS} times, ${planned.length} runs\n`)
}, 3_600_000)
