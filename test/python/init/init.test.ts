/** As a new user: `kfp-ts init`, then `npm test` and `npm start`, without another step. Needs the package registry. */
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'

const KFP_TS = resolve(import.meta.dirname, '../../../bin/kfp-ts.js')
let base: string
let project: string
beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'kfp-ts-init-'))
  project = join(base, 'flowers')
})
afterAll(() => rm(base, { recursive: true, force: true }))

/** @returns exit status and output. */
function run(command: string, args: readonly string[], cwd: string): Promise<{ status: number; output: string }> {
  return new Promise((done) => {
    // Without what vitest and npm put into the environment: a user's shell has none of it.
    const own = Object.entries(process.env).filter(
      ([name]) => !/^(npm_(?!config)|VITEST|NODE_(ENV|OPTIONS)$|INIT_CWD)/.test(name),
    )
    execFile(command, args, { cwd, env: Object.fromEntries(own), maxBuffer: 1e8 }, (error, stdout, stderr) =>
      done({ status: Number(error?.code ?? 0), output: `${stdout}${stderr}` }),
    )
  })
}

test('init, npm test, npm start, npm run compile', async () => {
  const made = await run(KFP_TS, ['init', 'flowers'], base)
  expect(made, made.output).toMatchObject({ status: 0 })
  expect(made.output).toContain('npm start')

  const tested = await run('npm', ['test'], project)
  expect(tested, tested.output).toMatchObject({ status: 0 })
  expect(tested.output).toMatch(/pass 3/)

  const started = await run('npm', ['start'], project)
  expect(started, started.output).toMatchObject({ status: 0 })
  expect(started.output).toMatch(/accuracy.*0\.9|accuracy.*1/)

  const compiled = await run('npm', ['run', 'compile'], project)
  expect(compiled, compiled.output).toMatchObject({ status: 0 })
  expect(await readFile(join(project, 'pipeline.yaml'), 'utf8')).toContain('name: flowers')
})

test('a second init in the same folder is refused', async () => {
  const again = await run(KFP_TS, ['init', 'flowers'], base)
  expect(again.status).toBe(2)
  expect(again.output).toContain('is not empty')
})
