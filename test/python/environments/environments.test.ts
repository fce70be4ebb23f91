/** Virtual environments of Python steps: made once, by one process, from the step's own install lines, then used without network. */
import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'

const TOOL = resolve(import.meta.dirname, '../../../bin/kfp-ts.js')
let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kfp-ts-environments-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const MAIN =
  'program_path=$(mktemp -d)\n\nprintf "%s" "$0" > "$program_path/ephemeral_component.py"\n_KFP_RUNTIME=true python3 -m kfp.dsl.executor_main --component_module_path "$program_path/ephemeral_component.py" "$@"\n'
const PIP = 'python3 -m pip install --quiet --no-warn-script-location'
const VENV =
  'export PIP_DISABLE_PIP_VERSION_CHECK=1\ntmp=$(mktemp -d)\npython3 -m venv "$tmp/venv" --system-site-packages\n. "$tmp/venv/bin/activate"\n'

/** One step that says which interpreter it has and that it can import `six`. */
function writePipeline(name: string, withVenv: boolean) {
  const install = `\nPIP_DISABLE_PIP_VERSION_CHECK=1 ${PIP} 'six==1.16.0'  &&  ${withVenv ? VENV : ''}${PIP} 'kfp==2.17.0' '--no-deps' && "$0" "$@"\n`
  const source =
    '\nimport kfp\nfrom kfp import dsl\nfrom kfp.dsl import *\nfrom typing import *\n\ndef step() -> str:\n    import sys, six\n    return sys.prefix + " " + six.__version__\n\n'
  const args = ['--executor_input', '{{$}}', '--function_to_execute', 'step']
  const container = { image: 'python:3.11', command: ['sh', '-c', install, 'sh', '-ec', MAIN, source], args }
  const output = { parameters: { Output: { parameterType: 'STRING' } } }
  const spec = {
    components: { 'comp-step': { executorLabel: 'exec-step', outputDefinitions: output } },
    deploymentSpec: { executors: { 'exec-step': { container } } },
    pipelineInfo: { name },
    root: {
      outputDefinitions: output,
      dag: {
        outputs: {
          parameters: { Output: { valueFromParameter: { producerSubtask: 'step', outputParameterKey: 'Output' } } },
        },
        tasks: { step: { componentRef: { name: 'comp-step' }, taskInfo: { name: 'step' } } },
      },
    },
    schemaVersion: '2.1.0',
  }
  writeFileSync(join(folder, `${name}.json`), JSON.stringify(spec))
}

const run = (name: string, root: string, env: Readonly<Record<string, string>> = {}) =>
  new Promise<{ status: number; report: { state: string; outputs: { Output: string } }; log: string }>((done) => {
    const options = { cwd: folder, env: { ...process.env, XDG_CACHE_HOME: join(folder, 'cache'), ...env } }
    execFile(TOOL, ['run', `${name}.json`, '--json', '--no-cache', '--root', root], options, (error, stdout) => {
      const report = JSON.parse(stdout)
      const log = readFileSync(join(folder, root, 'runs', report.runId, 'logs/root/step/attempt-1.log'), 'utf8')
      done({ status: Number(error?.code ?? 0), report, log })
    })
  })
const environments = () =>
  readdirSync(join(folder, 'cache/kfp-ts/venvs')).filter((name) => /^py[^.]*\.\d+-\w+-\w+$/.test(name))
const OFFLINE = { PIP_NO_INDEX: '1' }

test('two processes that need the same environment make it once', async () => {
  writePipeline('plain', false)
  const both = await Promise.all([run('plain', 'one'), run('plain', 'two')])
  expect(both.map(({ status }) => status)).toEqual([0, 0])
  expect(both.filter(({ log }) => log.includes('making a Python'))).toHaveLength(1)
  expect(environments()).toHaveLength(1)
  expect(both[0].report.outputs.Output).toBe(`${join(folder, 'cache/kfp-ts/venvs', environments()[0]!)} 1.16.0`)
})

test('the next run installs nothing and needs no network', async () => {
  const { status, log } = await run('plain', 'three', OFFLINE)
  expect(status).toBe(0)
  expect(log).not.toContain('making a Python')
})

test('a component that wants an environment of its own gets one', async () => {
  writePipeline('own-venv', true)
  const { status, report } = await run('own-venv', 'four')
  expect(status).toBe(0)
  expect(report.outputs.Output).toMatch(/ 1\.16\.0$/)
  expect(environments()).toHaveLength(2)
  expect((await run('own-venv', 'four', OFFLINE)).status).toBe(0)
})

test('packages that can not be installed fail the task, and say so, and leave nothing half made', async () => {
  writePipeline('broken', false)
  const broken = readFileSync(join(folder, 'broken.json'), 'utf8').replace('six==1.16.0', 'six==0.0.0')
  writeFileSync(join(folder, 'broken.json'), broken)
  const { status, report, log } = await run('broken', 'five', OFFLINE)
  expect(status).toBe(1)
  expect(report).toMatchObject({
    state: 'FAILED',
    error: { code: 'image', message: expect.stringContaining('installing the packages') },
  })
  expect(log).toContain('six==0.0.0')
})
