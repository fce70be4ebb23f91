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

test('what a link out of the tree leads to counts, files and folders; links inside stay what they were', async () => {
  const tree = makeTree('tree')
  expect(await digestPath(tree)).toBe('sha256:d13501ccbd148a39a5ea083681a5bf50b112131a683e911799e4d4c0e70b9a6c')
  const outside = makeTree('outside')
  symlinkSync(join(outside, 'y'), join(tree, 'file'))
  symlinkSync(outside, join(tree, 'folder'))
  symlinkSync('/absent', join(tree, 'nothing'))
  const digests = new Set([await digestPath(tree)])
  writeFileSync(join(outside, 'y'), 'changed')
  digests.add(await digestPath(tree))
  writeFileSync(join(outside, 'sub', 'x'), 'changed')
  digests.add(await digestPath(tree))
  expect(digests.size).toBe(3)
})

test('links in a circle, and to a folder around the tree, come to an end', async () => {
  const [one, other] = [makeTree('one'), makeTree('other')]
  symlinkSync(other, join(one, 'there'))
  symlinkSync(one, join(other, 'back'))
  symlinkSync(folder, join(one, 'up'))
  const before = await digestPath(one)
  writeFileSync(join(other, 'y'), 'changed')
  expect(await digestPath(one)).not.toBe(before)
})

test('links that lead out of the folder within which to stay add nothing', async () => {
  const [tree, outside] = [makeTree('tree'), makeTree('outside')]
  symlinkSync(outside, join(tree, 'link-out'))
  const before = await digestPath(tree, tree)
  writeFileSync(join(outside, 'y'), 'changed')
  expect(await digestPath(tree, tree)).toBe(before)
})
