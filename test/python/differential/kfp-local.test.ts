/** Our local run against PyPI's `kfp.local` on pipelines written here in Python: equal, or listed with the reason. */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { RunReport } from '../../../api/run-report.ts'
import { freshOracleEnvironment } from '../oracle-environment.ts'

const run = promisify(execFile)
const repository = resolve(import.meta.dirname, '../../..')

/** Cases that kfp.local 2.17 itself gets wrong; ours must still give what the case expects. */
const ORACLE_DEVIATES: Readonly<Record<string, string>> = {
  'conditions-4-one-of-artifacts': 'kfp.local refuses a OneOf of artifacts',
  'conditions-5-one-of-artifacts': 'kfp.local refuses a OneOf of artifacts',
  'conditions-13-collected-with-skips': 'kfp.local fails an iteration whose collected producer was skipped',
  'exits_and_orders-3-constants': 'kfp.local leaves its own constants unresolved and stops',
  'exits_and_orders-6-optional-chain': 'kfp.local cannot read the explicit null that its compiler writes',
  'failures-2-ignored': 'kfp.local looks for an output of the failed task instead of using the default',
  'loops-0-static-loop': 'kfp.local hands floats to a List[int] component, which refuses the sum',
  'loops-2-dynamic-loop': 'kfp.local has no outputs of a loop over an empty list',
  'loops-8-nested-artifacts': 'kfp.local hands on a list of lists of artifacts',
  'loops-11-loop-of-pipelines': 'kfp.local hands floats to a List[int] component, which refuses the sum',
  'parameters-3-outer-optional': 'kfp.local cannot read the explicit null that its compiler writes',
  'parameters-4-outer-optional': 'kfp.local cannot read the explicit null that its compiler writes',
}

interface Case {
  readonly name: string
  readonly arguments: Readonly<Record<string, unknown>>
  readonly expected: 'FAILED' | Readonly<Record<string, unknown>>
  readonly oracle: { readonly state: string; readonly outputs: Readonly<Record<string, unknown>> }
}

let folder: string
const cases: Case[] = []

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kfp-ts-differential-'))
  await mkdir(join(folder, 'oracle'), { recursive: true })
  await mkdir(join(folder, 'ours'), { recursive: true })
  await mkdir(join(folder, 'temporary'), { recursive: true })
  const python = join(await freshOracleEnvironment(folder), 'bin/python')
  // To a file: kfp.local pads its lines to hundreds of megabytes.
  await run(
    'sh',
    ['-c', '"$0" "$@" > oracle.log 2>&1', python, join(import.meta.dirname, 'oracle.py'), join(folder, 'cases')],
    {
      cwd: folder,
      // The literal commands of the components say `python3`: it has to be this environment's.
      env: {
        ...process.env,
        PATH: `${join(folder, 'venv/bin')}:${process.env['PATH']}`,
        KFP_TS_DIFFERENTIAL_DIR: join(folder, 'oracle'),
        // Steps of kfp.local leave a folder each.
        TMPDIR: join(folder, 'temporary'),
      },
      maxBuffer: 64 << 20,
    },
  )
  const names = (await readdir(join(folder, 'cases'))).filter((file) => file.endsWith('.json')).sort()
  for (const file of names) {
    const text = await readFile(join(folder, 'cases', file), 'utf8')
    cases.push({ name: file.slice(0, -'.json'.length), ...JSON.parse(text.replaceAll(join(folder, 'oracle'), folder)) })
  }
})
afterAll(() => rm(folder, { recursive: true, force: true }))

describe('the same pipelines, compiled by the Python SDK', () => {
  it('give what each case expects, here and (but for the listed deviations) in kfp.local', async () => {
    expect(cases.length).toBeGreaterThanOrEqual(51)
    const wrong: string[] = []
    for (const one of cases) {
      const ours = await runHere(one)
      if (!same(ours, one.expected))
        wrong.push(`${one.name}: ours ${JSON.stringify(ours)}, expected ${JSON.stringify(one.expected)}`)
      const oracle = one.oracle.state === 'SUCCEEDED' ? one.oracle.outputs : one.oracle.state
      const deviates = one.name in ORACLE_DEVIATES
      if (same(oracle, one.expected) === deviates) {
        wrong.push(
          `${one.name}: kfp.local gave ${JSON.stringify(oracle)}; its entry in the deviations is ${deviates ? 'stale' : 'missing'}`,
        )
      }
    }
    expect(wrong).toEqual([])
  })
})

/** Outputs of a succeeded run with artifacts by content, else the state. */
async function runHere(one: Case): Promise<unknown> {
  const file = join(folder, 'cases', `${one.name}.yaml`)
  const params = Object.entries(one.arguments).flatMap(([key, value]) => [
    '--param',
    `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  ])
  const args = ['run', file, '--json', '--no-cache', '--root', join(folder, 'ours'), ...params]
  const { stdout } = await run(join(repository, 'bin/kfp-ts.js'), args, { cwd: folder, maxBuffer: 64 << 20 }).catch(
    (error: { stdout: string }) => error,
  )
  const report: RunReport = JSON.parse(stdout)
  if (report.state !== 'SUCCEEDED') return report.state
  const outputs: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(report.outputs)) outputs[key] = await byContent(value)
  return outputs
}

async function byContent(value: unknown): Promise<unknown> {
  if (Array.isArray(value)) return Promise.all(value.map(byContent))
  if (typeof value !== 'object' || value === null || !('uri' in value)) return value
  const artifact = value as { uri: string; metadata: unknown }
  const text = existsSync(artifact.uri) ? await readFile(artifact.uri, 'utf8') : null
  return { text, metadata: artifact.metadata }
}

/**
 * Equal as JSON. Numbers inside texts compare by value: kfp.local keeps list and record items as doubles, so that the same
 * component prints `1.0` there and `1` here (kfp-ir.md, trap 1).
 */
function same(left: unknown, right: unknown): boolean {
  const text = (value: unknown) =>
    JSON.stringify(value, (_, part) =>
      typeof part === 'object' && part !== null && !Array.isArray(part)
        ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
        : part,
    ).replaceAll(/(?<![\d.])(\d+)\.0(?!\d)/g, '$1')
  return text(left) === text(right)
}
