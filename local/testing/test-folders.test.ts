import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'

const MODULE = JSON.stringify(join(import.meta.dirname, 'test-folders.ts'))
let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kfp-ts-folders-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

test.each([
  ['exit', 'process.exit(0)', [0, null]],
  ['SIGTERM', 'setInterval(() => {}, 1000)', [null, 'SIGTERM']],
])('two folders in one of the process, gone after %s', async (ending, last, expected) => {
  const program = `import { makeTestFolder } from ${MODULE}
    import { writeFileSync } from 'node:fs'
    for (const made of [makeTestFolder(), makeTestFolder()]) writeFileSync(made + '/file', '')
    process.stdout.write('made')
    process.stdin.once('data', () => { ${last} })`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    env: { ...process.env, TMPDIR: folder },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const ended = once(child, 'exit')
  await once(child.stdout, 'data')
  const [ofProcess] = await readdir(folder)
  expect(await readdir(join(folder, ofProcess!))).toEqual(['1', '2'])
  child.stdin.write('go')
  if (ending === 'SIGTERM') child.kill('SIGTERM')
  expect(await ended).toEqual(expected)
  expect(await readdir(folder)).toEqual([])
})
