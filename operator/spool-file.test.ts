import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { openSpoolFile } from './spool-file.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kfp-ts-spool-test-'))
  vi.stubEnv('TMPDIR', folder)
})
afterEach(async () => {
  vi.unstubAllEnvs()
  await rm(folder, { recursive: true })
})

test('is written, cut and read by its path, as any file', async () => {
  const spool = await openSpoolFile()
  await writeFile(spool.path, 'from before\n')
  await spool.handle.appendFile('and more\n')
  expect(await readFile(spool.path, 'utf8')).toBe('from before\nand more\n')
  await spool.handle.truncate(0)
  await spool.handle.appendFile('anew\n')
  expect(await readFile(spool.path, 'utf8')).toBe('anew\n')
  await spool.remove()
  expect(await readdir(folder)).toEqual([])
})

test.runIf(process.platform === 'linux')('a killed process leaves nothing', async () => {
  const program = `
    const { openSpoolFile } = await import('${import.meta.resolve('./spool-file.ts')}')
    const spool = await openSpoolFile()
    await spool.handle.appendFile('x'.repeat(1000))
    console.log('written')
    setInterval(() => {}, 1000)`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, TMPDIR: folder },
  })
  await once(child.stdout!, 'data')
  child.kill('SIGKILL')
  await once(child, 'exit')
  expect(await readdir(folder)).toEqual([])
})
