import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { lockHolder, tryLock, waitForLock } from './lock.ts'
import { identityOf, isAlive } from './process-identity.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kfp-ts-lock-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** So that each is at another point of its way. */
async function soon(turns: number): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}

test('one holder at a time, free again after release', async () => {
  const path = join(folder, 'lock')
  const lock = await tryLock(path)
  expect(await tryLock(path)).toEqual({ heldBy: identityOf(process.pid) })
  expect(await lockHolder(path)).toMatchObject({ pid: process.pid })
  if ('release' in lock) await lock.release()
  expect(await lockHolder(path)).toBeUndefined()
  expect(readdirSync(folder)).toEqual([])
})

test('the lock of a dead process, or of one whose number was given out again, is free', async () => {
  const path = join(folder, 'lock')
  const dead = spawnSync('true').pid
  for (const holder of [{ pid: dead }, { ...identityOf(process.pid), startTicks: '1' }]) {
    writeFileSync(path, JSON.stringify(holder))
    expect(await lockHolder(path)).toBeUndefined()
    const lock = await tryLock(path)
    expect('release' in lock).toBe(true)
    expect(await lockHolder(path)).toMatchObject({ pid: process.pid })
    if ('release' in lock) await lock.release()
    expect(await lockHolder(path)).toBeUndefined()
  }
})

test('of many who find the lock of a dead process, one gets it', async () => {
  for (let round = 0; round < 20; round += 1) {
    const path = join(folder, `lock-${round}`)
    writeFileSync(path, JSON.stringify({ pid: spawnSync('true').pid }))
    writeFileSync(`${path}.1`, JSON.stringify({ ...identityOf(process.pid), startTicks: '1' }))
    const answers = await Promise.all(Array.from({ length: 10 }, (_, place) => soon(place).then(() => tryLock(path))))
    expect(answers.filter((answer) => 'release' in answer)).toHaveLength(1)
  }
})

test('many of one process wait for a lock, and hold it one after the other', async () => {
  const path = join(folder, 'lock')
  let [holders, most] = [0, 0]
  const hold = async () => {
    const lock = await waitForLock(path, new AbortController().signal)
    most = Math.max(most, ++holders)
    await new Promise((resolve) => setTimeout(resolve, 5))
    holders -= 1
    await lock.release()
  }
  await Promise.all(Array.from({ length: 8 }, (_, place) => soon(place).then(hold)))
  expect(most).toBe(1)
  expect(readdirSync(folder)).toEqual([])
})

test('who releases twice does not take the lock from the next', async () => {
  const path = join(folder, 'lock')
  const first = await tryLock(path)
  if (!('release' in first)) throw new Error('the lock is free')
  await first.release()
  const next = await tryLock(path)
  await first.release()
  expect('release' in next).toBe(true)
  expect(await lockHolder(path)).toMatchObject({ pid: process.pid })
})

test('a process is told from a later one with its number and from one before a reboot', () => {
  const me = identityOf(process.pid)
  expect(isAlive(me)).toBe(true)
  expect(isAlive({ ...me, startTicks: '1' })).toBe(false)
  expect(isAlive({ ...me, bootId: 'another' })).toBe(false)
})
