/** Asks Airflow's own timetable classes (airflow_oracle.py) in a virtual environment that is made once and kept in the cache. */
import { spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { AIRFLOW, pythonEnvironment } from '../../python-environment.ts'
import { keptAnswer } from '../kept-answers.ts'

const PROGRAM = join(import.meta.dirname, 'airflow_oracle.py')

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

/** What Airflow says, which is asked only once: it is slow, and it always says the same. */
export async function askAirflow(cases: readonly OracleCase[]): Promise<OracleAnswer[]> {
  const program = await readFile(PROGRAM, 'utf8')
  // The rules of the time zones are in the cases as well as in Python: a new release of them asks again.
  const question = { packages: AIRFLOW.packages, zones: process.versions.tz, program, cases }
  return await keptAnswer('airflow', question, () => askEachCore(cases))
}

/** Asks as many processes as there are cores, each for every n-th case. */
async function askEachCore(cases: readonly OracleCase[]): Promise<OracleAnswer[]> {
  const python = join(await pythonEnvironment(AIRFLOW), 'bin/python')
  const width = Math.max(1, Math.min(availableParallelism(), cases.length))
  const parts = Array.from({ length: width }, (_, part) => cases.filter((_, index) => index % width === part))
  const answers = await Promise.all(parts.map((part) => askOne(python, part)))
  return cases.map((_, index) => answers[index % width]![Math.floor(index / width)]!)
}

async function askOne(python: string, cases: readonly OracleCase[]): Promise<OracleAnswer[]> {
  const child = spawn(python, [PROGRAM], {
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
