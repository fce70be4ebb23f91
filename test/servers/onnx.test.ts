/** ONNX models of scikit-learn, served by `kfp-ts serve-model`: the answers are those of onnxruntime in Python. */
import { execFile, execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Started, startCommand } from '../../examples/model-centric/processes.ts'
import { ONNX, pythonEnvironment } from '../python-environment.ts'
import { runScript } from './run-script.ts'

const VERSION = '1.30.0'
const PROGRAM = new URL('../../bin/kfp-ts.js', import.meta.url).pathname
let folder: string
let runtime: string

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kfp-ts-onnx-'))
  runtime = onnxRuntime()
  expect(await runScript(await pythonEnvironment(ONNX), 'onnx_models.py', [folder])).toContain('written')
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** A folder with onnxruntime-node as a user installs it, kept in the user's cache. Its script would fetch GPU libraries. */
function onnxRuntime(): string {
  const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'kfp-ts')
  const ready = join(cache, `onnxruntime-${VERSION}`)
  if (existsSync(ready)) return ready
  mkdirSync(cache, { recursive: true })
  const fresh = mkdtempSync(join(cache, 'onnxruntime-new-'))
  const args = [
    'install',
    '--prefix',
    fresh,
    '--ignore-scripts',
    '--no-fund',
    '--no-audit',
    `onnxruntime-node@${VERSION}`,
  ]
  execFileSync('npm', args, { stdio: 'ignore' })
  renameSync(fresh, ready)
  return ready
}

interface Expected {
  readonly columns: readonly string[]
  readonly rows: readonly (readonly unknown[])[]
  readonly predictions: readonly (number | string | readonly number[])[]
  readonly probabilities: readonly (readonly number[])[] | null
}
interface Answer {
  readonly predictions: readonly {
    readonly prediction: number | string | readonly number[]
    readonly probabilities?: Readonly<Record<string, number>>
  }[]
}

const post = async (server: Started, body: unknown) =>
  await fetch(`${server.url}/invocations`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })

test.each(['forest', 'words', 'two_outputs', 'columns'])('%s', async (name) => {
  const expected = JSON.parse(await readFile(join(folder, name, 'expected.json'), 'utf8')) as Expected
  // The folder, as a version of the registry lies in a pod.
  const server = await startCommand(['serve-model', join(folder, name), '--port', '0'], runtime)
  try {
    const { columns, rows: data } = expected
    const response = await post(server, { dataframe_split: { columns, data } })
    expect(response.status).toBe(200)
    const { predictions } = (await response.json()) as Answer
    expect(predictions).toHaveLength(expected.predictions.length)
    for (const [at, { prediction, probabilities }] of predictions.entries()) {
      const wanted = expected.predictions[at]!
      if (typeof wanted === 'string') expect(prediction).toBe(wanted)
      else for (const [k, value] of [wanted].flat().entries()) expect([prediction].flat()[k]).toBeCloseTo(value, 4)
      for (const [k, share] of (expected.probabilities?.[at] ?? []).entries()) {
        expect(probabilities?.[String(k)]).toBeCloseTo(share, 5)
      }
    }
    const wrong = await post(server, { instances: [{ nonsense: 1 }] })
    expect([wrong.status, await wrong.json()]).toEqual([400, { error: expect.stringContaining(columns[0]!) }])
  } finally {
    await server.stop()
  }
})

test('the names of the columns come from the MLmodel beside it', async () => {
  const names = ['sepal length', 'sepal width', 'petal length', 'petal width']
  const inputs = JSON.stringify(names.map((name) => ({ name, type: 'double', required: true })))
  await writeFile(join(folder, 'forest', 'MLmodel'), `signature:\n  inputs: '${inputs}'\n`)
  const server = await startCommand(['serve-model', join(folder, 'forest'), '--port', '0'], runtime)
  try {
    const row = Object.fromEntries(names.map((name, at) => [name, [5.1, 3.5, 1.4, 0.2][at]!]))
    const answer = (await (await post(server, { dataframe_records: [row] })).json()) as Answer
    expect(answer.predictions[0]).toMatchObject({ prediction: 0 })
  } finally {
    await server.stop()
    rmSync(join(folder, 'forest', 'MLmodel'))
  }
})

test('without the runtime, and with a file that is none, it says what to do', async () => {
  const serveModel = (place: string, cwd: string) =>
    promisify(execFile)(PROGRAM, ['serve-model', place, '--port', '0'], { cwd }).catch((error) => error)
  expect(await serveModel(join(folder, 'forest'), folder)).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/onnxruntime-node, which is not there.*npm install onnxruntime-node/s),
  })
  await writeFile(join(folder, 'broken.onnx'), 'no model')
  expect(await serveModel(join(folder, 'broken.onnx'), runtime)).toMatchObject({ code: 2 })
  expect(await serveModel(join(folder, 'absent.json'), folder)).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('absent.json'),
  })
})
