import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openJournal, readJournal } from './journal.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kfp-ts-journal-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const readAll = async (path: string) => {
  const entries: unknown[] = []
  for await (const entry of readJournal(path)) entries.push(entry)
  return entries
}

test('what was appended is read back in order, also after opening again', async () => {
  const path = join(folder, 'journal')
  expect(await readAll(path)).toEqual([])
  const first = await openJournal<number>(path)
  await Promise.all([first.append([1, 2]), first.append([3])])
  await first.close()
  const second = await openJournal<number>(path)
  await second.append([4])
  await second.close()
  expect(await readAll(path)).toEqual([1, 2, 3, 4])
})

test('a line that a kill cut short never happened', async () => {
  const path = join(folder, 'journal')
  const journal = await openJournal<object>(path)
  await journal.append([{ a: 1 }])
  await journal.close()
  appendFileSync(path, `{"b":"${'x'.repeat(200_000)}`)
  expect(await readAll(path)).toEqual([{ a: 1 }])
  const again = await openJournal<object>(path)
  await again.append([{ c: 3 }])
  await again.close()
  expect(readFileSync(path, 'utf8')).toBe('{"a":1}\n{"c":3}\n')
})

test('any text is read back: other line ends of Unicode, characters that lie on the border of two reads, long lines', async () => {
  const path = join(folder, 'journal')
  const entries = ['one\u2028two\u2029three\u0085four\r\n', 'ä'.repeat(100_000), 'x'.repeat(200_000), '']
  const journal = await openJournal<string>(path)
  await journal.append(entries)
  await journal.close()
  expect(await readAll(path)).toEqual(entries)
})

test('a damaged line in the middle is reported with its place', async () => {
  const path = join(folder, 'journal')
  appendFileSync(path, '{"a":1}\nnonsense\n{"b":2}\n')
  await expect(readAll(path)).rejects.toThrow(`${path}:2: the journal is damaged`)
})
