import { chmodSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { digestBytes, digestPath } from './digest.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kfp-ts-digest-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

test('a file has the digest of its bytes, whatever its name and time', async () => {
  writeFileSync(join(folder, 'a'), 'hello')
  utimesSync(join(folder, 'a'), 1, 1)
  expect(await digestPath(join(folder, 'a'))).toBe(
    'sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824',
  )
  expect(digestBytes('hello')).toBe(await digestPath(join(folder, 'a')))
})

test('nothing there has no digest', async () => {
  expect(await digestPath(join(folder, 'absent'))).toBeUndefined()
  writeFileSync(join(folder, 'file'), '')
  expect(await digestPath(join(folder, 'file', 'below'))).toBeUndefined()
})

const makeTree = (name: string) => {
  const tree = join(folder, name)
  mkdirSync(join(tree, 'sub'), { recursive: true })
  writeFileSync(join(tree, 'sub', 'x'), '1')
  writeFileSync(join(tree, 'y'), '2')
  symlinkSync('y', join(tree, 'link'))
  return tree
}

test.each<[string, (tree: string) => void]>([
  ['content', (tree) => writeFileSync(join(tree, 'sub', 'x'), '3')],
  ['name', (tree) => renameSync(join(tree, 'y'), join(tree, 'z'))],
  ['an empty folder', (tree) => mkdirSync(join(tree, 'empty'))],
  ['the executable bit', (tree) => chmodSync(join(tree, 'y'), 0o755)],
])('trees that differ in %s differ in digest', async (_, change) => {
  const [one, other] = [makeTree('one'), makeTree('other')]
  expect(await digestPath(one)).toBe(await digestPath(other))
  change(other)
  expect(await digestPath(one)).not.toBe(await digestPath(other))
})
