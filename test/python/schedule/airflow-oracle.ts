/** Asks Airflow's own timetable classes (airflow_oracle.py) in a virtual environment that is made once and kept in the cache. */
import { execFile, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import { availableParallelism, homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const AIRFLOW = 'apache-airflow-core==3.3.2'
const run = promisify(execFile)

/** Times are epoch seconds. */
export interface OracleCase {
  readonly cron?: string
  readonly everySeconds?: number
  readonly zone: string
  readonly intervals: boolean
  readonly windows: readonly (readonly [from: number, to: number])[]
  readonly latest: readonly {
    readonly now: number
    readonly start: number
    readonly last: readonly [number, number] | null
  }[]
}
export type OracleSlot = readonly [logicalDate: number, start: number, end: number, runAfter: number]
export interface OracleAnswer {
  /** A text at the end of a list is the error with which Airflow itself gave up there. */
  readonly windows: readonly (readonly (OracleSlot | string)[])[]
  readonly latest: readonly (OracleSlot | string | null)[]
}

/** Asks as many processes as there are cores, each for every n-th case: Airflow is what this test waits for. */
export async function askAirflow(cases: readonly OracleCase[]): Promise<OracleAnswer[]> {
  const python = await airflowPython()
  const width = Math.max(1, Math.min(availableParallelism(), cases.length))
  const parts = Array.from({ length: width }, (_, part) => cases.filter((_, index) => index % width === part))
  const answers = await Promise.all(parts.map((part) => askOne(python, part)))
  return cases.map((_, index) => answers[index % width]![Math.floor(index / width)]!)
}

async function askOne(python: string, cases: readonly OracleCase[]): Promise<OracleAnswer[]> {
  const child = spawn(python, [join(import.meta.dirname, 'airflow_oracle.py')], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, AIRFLOW_HOME: join(tmpdir(), 'kfp-ts-airflow-home') },
  })
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  child.stdin.end(JSON.stringify(cases))
  let text = ''
  for await (const chunk of child.stdout) text += chunk
  const status = await ended
  if (status !== 0) throw new Error(`airflow_oracle.py ended with status ${status}`)
  return JSON.parse(text)
}

async function airflowPython(): Promise<string> {
  const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'kfp-ts', 'venvs')
  const venv = join(cache, 'airflow-core-3.3.2')
  if (!existsSync(join(venv, 'ready'))) {
    const building = `${venv}.${process.pid}`
    await mkdir(cache, { recursive: true })
    await run('python3', ['-m', 'venv', building])
    await run(join(building, 'bin/python'), ['-m', 'pip', 'install', '--quiet', AIRFLOW])
    await mkdir(join(building, 'ready'))
    await rm(venv, { recursive: true, force: true })
    await rename(building, venv)
  }
  return join(venv, 'bin/python')
}
