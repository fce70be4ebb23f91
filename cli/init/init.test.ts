import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { packageRoot } from './package-root.ts'
import { packageName, writeProject } from './project.ts'

let base: string
beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'kfp-ts-init-'))
})
afterAll(() => rm(base, { recursive: true }))
const spec = async () => 'file:vendor/kfp-ts.tgz'

test.each([
  ['my-pipelines', 'my-pipelines'],
  ['My Pipelines!', 'my-pipelines'],
  ['.hidden', 'hidden'],
  ['日本', ''],
])('the package of the folder %j is called %j', (text, expected) => {
  expect(packageName(text)).toBe(expected)
})

describe('writeProject', () => {
  test('writes every template under its name, also beside a repository', async () => {
    const folder = join(base, 'new')
    await mkdir(join(folder, '.git'), { recursive: true })
    await writeProject(folder, 'flowers', spec)
    const files = await readdir(folder, { recursive: true })
    expect(files.sort()).toEqual(
      [
        '.git',
        '.gitignore',
        'README.md',
        'components',
        'components/add-area.ts',
        'data',
        'data/iris.csv',
        'package.json',
        'pipeline.test.ts',
        'pipeline.ts',
        'tsconfig.json',
      ].sort(),
    )
    const templates = await readdir(join(await packageRoot(), 'templates/project'), { recursive: true })
    expect(templates.length).toBe(files.length - 2)
    expect(JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'))).toMatchObject({
      name: 'flowers',
      dependencies: { 'kfp-ts': 'file:vendor/kfp-ts.tgz' },
    })
    expect(await readFile(join(folder, 'README.md'), 'utf8')).toMatch(/^# flowers\n/)
  })
  test('leaves a folder with files alone', async () => {
    const folder = join(base, 'full')
    await mkdir(folder)
    await writeFile(join(folder, 'notes.txt'), 'mine')
    await expect(writeProject(folder, 'full', spec)).rejects.toThrow('is not empty: it has notes.txt')
    expect(await readdir(folder)).toEqual(['notes.txt'])
  })
  test('refuses a file', async () => {
    await writeFile(join(base, 'file'), '')
    await expect(writeProject(join(base, 'file'), 'x', spec)).rejects.toThrow('cannot be used: it is a file')
  })
})
