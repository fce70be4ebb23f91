import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { lockHolder, tryLock } from './lock.ts'
import { identityOf, isAlive } from './process-identity.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kfp-ts-lock-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

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
  writeFileSync(path, JSON.stringify({ pid: dead }))
  expect('release' in (await tryLock(path))).toBe(true)
  writeFileSync(path, JSON.stringify({ ...identityOf(process.pid), startTicks: '1' }))
  expect('release' in (await tryLock(path))).toBe(true)
})

test('a process is told from a later one with its number and from one before a reboot', () => {
  const me = identityOf(process.pid)
  expect(isAlive(me)).toBe(true)
  expect(isAlive({ ...me, startTicks: '1' })).toBe(false)
  expect(isAlive({ ...me, bootId: 'another' })).toBe(false)
})
