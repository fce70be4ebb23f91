import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { readLogTail, shortenLog } from './step-log.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kfp-ts-log-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

test('the tail is the last lines', async () => {
  const path = join(folder, 'log')
  writeFileSync(path, Array.from({ length: 1000 }, (_, index) => `line ${index}\n`).join(''))
  const lines = (await readLogTail(path)).split('\n')
  expect(lines).toHaveLength(20)
  expect(lines.at(-1)).toBe('line 999')
  expect(await readLogTail(join(folder, 'absent'))).toBe('')
})

test('a log above its limit keeps its beginning and its end, and says what is missing', async () => {
  const path = join(folder, 'log')
  writeFileSync(path, `begin\n${'x'.repeat(9000)}\nend\n`)
  await shortenLog(path, 4000)
  appendFileSync(path, 'more\n')
  const text = readFileSync(path, 'utf8')
  expect(text).toMatch(/^begin\n/)
  expect(text).toMatch(/\[kfp-ts\] 6011 bytes of output were dropped here: a log keeps 4000 bytes\n/)
  expect(text).toMatch(/\nend\nmore\n$/)
  expect(statSync(path).size).toBeLessThan(4000)
})
