/** The type tests as tsc sees them, and a ceiling on its work: types that grow make every author's editor slow. */
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { yamlNeighbours } from '../../compiler/generate/yaml-neighbours.ts'

const run = promisify(execFile)
const folder = import.meta.dirname
const tsc = resolve(folder, '../../node_modules/.bin/tsc')

/** Measured: 39,000 for all type tests together. */
const CEILING = 50_000
/** Measured: 83,000; nearly all of it comes with the import of the client and its compiler. */
const CEILING_OF_CLIENT = 110_000
/** Measured: about 10 for one more task. */
const CEILING_OF_200_TASKS = 60_000

async function diagnose(project: string): Promise<{ readonly output: string; readonly instantiations: number }> {
  const { stdout } = await run(tsc, ['-p', project, '--extendedDiagnostics']).catch(
    (error: { stdout: string }) => error,
  )
  return { output: stdout, instantiations: Number(/Instantiations:\s+(\d+)/.exec(stdout)?.[1]) }
}

test('tsc accepts what fits and refuses what does not', async () => {
  const { output, instantiations } = await diagnose(folder)
  expect(output).not.toContain('error TS')
  expect(instantiations).toBeGreaterThan(1000)
  expect(instantiations).toBeLessThan(CEILING)
})

test('arguments and outputs of runs have the types of their pipeline', async () => {
  const { output, instantiations } = await diagnose(join(folder, 'client'))
  expect(output).not.toContain('error TS')
  expect(instantiations).toBeLessThan(CEILING_OF_CLIENT)
})

test('a type test can fail', async () => {
  const broken = await mkdtemp(join(folder, '.broken-'))
  try {
    const text = await readFile(join(folder, 'wiring.test-d.ts'), 'utf8')
    const marked = '// @ts-expect-error a Model where a Dataset is wanted'
    expect(text).toContain(marked)
    await writeFile(
      join(broken, 'wiring.ts'),
      text.replace(marked, '//').replace('./components.ts', '../components.ts'),
    )
    await writeFile(join(broken, 'tsconfig.json'), '{ "extends": "../tsconfig.json", "include": ["*.ts"] }')
    const { output } = await diagnose(broken)
    expect(output).toMatch(/wiring\.ts\(\d+,\d+\): error TS2375/)
  } finally {
    await rm(broken, { recursive: true })
  }
})

test('a pipeline of 200 tasks stays cheap', async () => {
  const large = await mkdtemp(join(folder, '.large-'))
  try {
    const tasks = Array.from(
      { length: 200 },
      (_, index) => `  const t${index} = train({ data: load({ path: 'a' }).output, trees: ${index} })
  use({ model: t${index}.outputs.model })`,
    )
    const text = `import { definePipeline } from 'kfp-ts'
import { load, train, use } from '../components.ts'
export default definePipeline({ name: 'large' }, () => {
${tasks.join('\n')}
})
`
    await writeFile(join(large, 'large.ts'), text)
    await writeFile(join(large, 'tsconfig.json'), '{ "extends": "../tsconfig.json", "include": ["*.ts"] }')
    const { output, instantiations } = await diagnose(large)
    expect(output).not.toContain('error TS')
    expect(instantiations).toBeLessThan(CEILING_OF_200_TASKS)
  } finally {
    await rm(large, { recursive: true })
  }
})

test('the declaration beside the YAML component is up to date', async () => {
  const [neighbour] = await yamlNeighbours([join(folder, 'train.yaml')])
  expect(await readFile(neighbour!.target, 'utf8')).toBe(neighbour!.content)
})
