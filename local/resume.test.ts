/** Runs of this machine that are stopped within a step and go on later: how much time they have then, and under which limits. */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { leafOf, pipelineOf, taskOf } from '../engine/testing/small-pipeline.ts'
import { runPaths } from '../store/run-folder.ts'
import type { RunOptions } from './machine.ts'
import { resumeRun, startRun } from './run.ts'

let root: string
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'kfp-ts-resume-'))
})
afterAll(() => rm(root, { recursive: true }))

const sleeper = (seconds: number) =>
  pipelineOf({
    root: { dag: { tasks: { t: taskOf('c') } } },
    components: { c: leafOf({}, {}, 'e') },
    executors: { e: { container: { image: 'none', command: ['sleep', String(seconds)] } } },
  })

const options = (runId: string, more: Partial<RunOptions>): RunOptions => ({
  ...{ root, runId, runtime: 'process', hostCommands: true },
  ...more,
})

/** Stopped as soon as its step runs. */
async function stopped(runId: string, seconds: number, limits: Partial<RunOptions>) {
  const interrupt = new AbortController()
  const onStep: NonNullable<RunOptions['observer']>['onStep'] = (records) => {
    if (records.some(({ event }) => event.kind === 'attempt-started')) interrupt.abort()
  }
  const more = { ...limits, interrupt: interrupt.signal, kill: AbortSignal.abort(), observer: { onStep } }
  return await startRun(sleeper(seconds), {}, options(runId, more))
}

test.each<[string, Partial<RunOptions>]>([
  ['step', { taskTimeoutMillis: 1500 }],
  ['run', { timeoutMillis: 1500 }],
])('while a run is stopped, the time of its %s stands still', async (what, limits) => {
  expect((await stopped(`still-${what}`, 0.3, limits)).interrupted).toBe(true)
  await sleep(1600)
  expect((await resumeRun(`still-${what}`, options(`still-${what}`, {}))).report.error).toBeUndefined()
})

test('limits that a resume gives are those of the run from then on', async () => {
  await stopped('other', 60, { taskTimeoutMillis: 60_000 })
  const failed = await resumeRun('other', options('other', { taskTimeoutMillis: 100, parallelism: 2 }))
  expect(failed.report.error).toMatchObject({ code: 'timeout', message: 'it took longer than 0.1 s' })
  const again = await resumeRun('other', options('other', {}))
  expect(again.report.error).toMatchObject({ code: 'timeout', message: 'it took longer than 0.1 s' })
  const journal = await readFile(runPaths(root, 'other').journal, 'utf8')
  const changes = journal.split('\n').filter((line) => line.includes('settings-changed'))
  expect(changes.map((line) => JSON.parse(line).event.settings)).toEqual([{ taskTimeoutMillis: 100, parallelism: 2 }])
})
