/** Authors' files run bundled, from another folder, and see their own all the same. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { loadPipelines, selectPipeline } from './load-module.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kfp-ts-author-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

/** The description of the pipeline in `pipeline.ts`. */
async function descriptionOf(files: Readonly<Record<string, string>>): Promise<string | undefined> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true })
    await writeFile(join(folder, name), text)
  }
  const module = await loadPipelines(join(folder, 'pipeline.ts'))
  return selectPipeline(module).model.description
}

const pipeline = (description: string): string =>
  `import { definePipeline } from 'kfp-ts'\nexport const p = definePipeline({ name: 'p', description: ${description} }, () => {})\n`

test('import.meta tells the place of each file, and text and comments stay', async () => {
  const description = await descriptionOf({
    'deep/er/places.ts':
      "// import.meta.url\nexport const places = ['import.meta.url', import.meta.url, import.meta.dirname, import.meta.filename]",
    'pipeline.ts': `#!/usr/bin/env kfp-ts\nimport { places } from './deep/er/places.ts'\n${pipeline('JSON.stringify([...places, import.meta.filename])')}`,
  })
  const file = join(folder, 'deep/er/places.ts')
  expect(JSON.parse(description!)).toEqual([
    'import.meta.url',
    pathToFileURL(file).href,
    dirname(file),
    file,
    join(folder, 'pipeline.ts'),
  ])
})

test('a file beside the author’s is found by its URL', async () => {
  const component = "import { loadComponentFromFile } from 'kfp-ts'\n"
  const load = "const c = loadComponentFromFile(new URL('./c.yaml', import.meta.url))\n"
  const description = await descriptionOf({
    'c.yaml': 'name: hello\nimplementation: {container: {image: busybox, command: [echo]}}\n',
    'pipeline.ts': component + load + pipeline('c.model.name'),
  })
  expect(description).toBe('hello')
})

test('paths of the tsconfig.json say where imports lead; its decorators do not count', async () => {
  const description = await descriptionOf({
    'base.json': '{ "compilerOptions": { "paths": { "@/*": ["./src/*"] }, "experimentalDecorators": true } }',
    'tsconfig.json': '{ // comments are fine\n"extends": "./base.json" }',
    'src/words.ts':
      'const word = (_: unknown, context: { name: string | symbol }) => { words.push(String(context.name)) }\nexport const words: string[] = []\nclass A { @word one() {} }',
    'pipeline.ts': `import { words } from '@/words.ts'\n${pipeline('words.join()')}`,
  })
  expect(description).toBe('one')
})
