import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { findLeftBehind, startProcess } from './supervise.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kfp-ts-supervise-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const records = () => join(folder, 'attempt')
const start = (script: string) =>
  startProcess(records(), {
    argv: ['/bin/sh', '-c', script],
    env: { PATH: process.env['PATH']! },
    cwd: join(folder, 'cwd'),
    logFile: join(folder, 'logs', 'log'),
  })
/** Resolves when the step has come to the point where it makes this file. */
const madeBy = async (file: string) => {
  while (!existsSync(file)) await new Promise((resolve) => setTimeout(resolve, 5))
}

test('output goes to the log, the exit status is known now and later', async () => {
  const process = start('echo out; echo err >&2; pwd; exit 7')
  expect(await process.ended).toEqual({ kind: 'exited', exitCode: 7 })
  expect(readFileSync(join(folder, 'logs', 'log'), 'utf8')).toBe(`out\nerr\n${join(folder, 'cwd')}\n`)
  expect(await findLeftBehind(records())).toEqual({ kind: 'ended', end: { kind: 'exited', exitCode: 7 } })
})

test('death by a signal is told from an exit', async () => {
  expect(await start('kill -9 $$').ended).toEqual({ kind: 'exited', exitCode: 137, signal: 'SIGKILL' })
})

test('a program that does not exist', async () => {
  const end = await startProcess(records(), {
    argv: ['/no/such/program'],
    env: {},
    cwd: folder,
    logFile: join(folder, 'log'),
  }).ended
  expect(end).toEqual({ kind: 'exited', exitCode: 127 })
  expect(readFileSync(join(folder, 'log'), 'utf8')).toContain('/no/such/program')
})

test('an argument that is too long is told from other failures', async () => {
  const end = await startProcess(records(), {
    argv: ['echo', 'x'.repeat(200_000)],
    env: {},
    cwd: folder,
    logFile: join(folder, 'log'),
  }).ended
  expect(end).toMatchObject({ kind: 'not-started', error: { code: 'E2BIG' } })
})

test('stop ends the whole group, and a stopped attempt has left nothing behind', async () => {
  const marker = join(folder, 'ready')
  const process = start(`sleep 60 & echo $! > ${marker}; wait`)
  await madeBy(marker)
  process.stop(10_000)
  expect(await process.ended).toMatchObject({ kind: 'exited', signal: 'SIGTERM' })
  expect(await findLeftBehind(records())).toEqual({ kind: 'nothing' })
})

test('a step that ignores the request is killed', async () => {
  const marker = join(folder, 'ready')
  const process = start(`trap '' TERM; : > ${marker}; while :; do sleep 60; done`)
  await madeBy(marker)
  process.stop(50)
  expect(await process.ended).toMatchObject({ signal: 'SIGKILL' })
})

test('a step that ends well although asked to stop counts as ended', async () => {
  const marker = join(folder, 'ready')
  const process = start(`trap 'exit 0' TERM; : > ${marker}; while :; do sleep 0.02; done`)
  await madeBy(marker)
  process.stop(10_000)
  await process.ended
  expect(await findLeftBehind(records())).toEqual({ kind: 'ended', end: { kind: 'exited', exitCode: 0 } })
})

test('a running step of an earlier kfp-ts is adopted', async () => {
  const [marker, go] = [join(folder, 'ready'), join(folder, 'go')]
  const process = start(`: > ${marker}; until [ -e ${go} ]; do sleep 0.02; done; exit 3`)
  await madeBy(marker)
  const left = await findLeftBehind(records())
  expect(left.kind).toBe('running')
  writeFileSync(go, '')
  if (left.kind === 'running') expect(await left.process.ended).toEqual({ kind: 'exited', exitCode: 3 })
  await process.ended
})

test('what died with the machine is started again', async () => {
  const process = start('exit 0')
  await process.ended
  rmSync(join(records(), 'exit-0'))
  expect(await findLeftBehind(records())).toEqual({ kind: 'nothing' })
  expect(await start('exit 5').ended).toMatchObject({ exitCode: 5 })
  expect(await findLeftBehind(records())).toMatchObject({ kind: 'ended', end: { exitCode: 5 } })
})
