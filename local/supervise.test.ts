import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { identityOf, isAlive } from '../store/process-identity.ts'
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
/** The process whose number the step wrote to this file. */
const writtenTo = async (file: string) => {
  await madeBy(file)
  while (!readFileSync(file, 'utf8').endsWith('\n')) await new Promise((resolve) => setTimeout(resolve, 5))
  return identityOf(Number(readFileSync(file, 'utf8')))
}
const claimOf = (generation: number) => join(records(), `process-${generation}`)
const wrapper = () => Number(readFileSync(claimOf(0), 'utf8').split('\n')[0])

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

test('what a step leaves running ends with it', async () => {
  const file = join(folder, 'pid')
  const step = start(`sleep 60 & echo $! > ${file}; until [ -e ${file}-read ]; do sleep 0.02; done`)
  const left = await writtenTo(file)
  expect(isAlive(left)).toBe(true)
  writeFileSync(`${file}-read`, '')
  expect(await step.ended).toEqual({ kind: 'exited', exitCode: 0 })
  expect(isAlive(left)).toBe(false)
})

test('a step whose wrapper alone is killed ends with it', async () => {
  const file = join(folder, 'pid')
  const step = start(`echo $$ > ${file}; exec sleep 60`)
  const program = await writtenTo(file)
  process.kill(wrapper(), 'SIGKILL')
  expect(await step.ended).toMatchObject({ signal: 'SIGKILL' })
  expect(isAlive(program)).toBe(false)
})

/** As an earlier kfp-ts leaves it that was killed together with the wrapper: a group without its leader. */
async function startOrphan() {
  const file = join(folder, 'pid')
  const script = `sleep 60 & echo $! > ${file}; wait`
  const leader = spawn('/bin/sh', ['-c', script], { detached: true, stdio: 'ignore' })
  const orphan = await writtenTo(file)
  const { pid, startTicks, bootId } = identityOf(leader.pid!)
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  leader.kill('SIGKILL')
  await once(leader, 'exit')
  mkdirSync(records(), { recursive: true })
  const writeClaim = (line: string) => writeFileSync(claimOf(0), `${pid}\n${line}\n${bootId}\n`)
  return { orphan, stat, startTicks: startTicks!, writeClaim }
}

test('nothing is left of a step whose wrapper is gone: its program is ended before it may be started again', async () => {
  const { orphan, stat, writeClaim } = await startOrphan()
  writeClaim(stat.trim())
  expect(isAlive(orphan)).toBe(true)
  expect(await findLeftBehind(records())).toEqual({ kind: 'nothing' })
  expect(isAlive(orphan)).toBe(false)
})

test('a group that is older than the step of its number is not touched', async () => {
  const { orphan, stat, startTicks, writeClaim } = await startOrphan()
  writeClaim(stat.trim().replace(` ${startTicks} `, ` ${Number(startTicks) + 1_000_000} `))
  expect(await findLeftBehind(records())).toEqual({ kind: 'nothing' })
  expect(isAlive(orphan)).toBe(true)
  process.kill(orphan.pid, 'SIGKILL')
})

test('a process that was given the number of a step is not touched', async () => {
  const other = spawn('sleep', ['60'], { detached: true, stdio: 'ignore' })
  const { pid, startTicks, bootId } = identityOf(other.pid!)
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8').trim()
  mkdirSync(records(), { recursive: true })
  writeFileSync(claimOf(0), `${pid}\n${stat.replace(` ${startTicks} `, ' 1 ')}\n${bootId}\n`)
  expect(await findLeftBehind(records())).toEqual({ kind: 'nothing' })
  expect(isAlive(identityOf(other.pid!))).toBe(true)
  other.kill()
  await once(other, 'exit')
})
