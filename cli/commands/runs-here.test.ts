/** Runs of this machine from their failure to their end by an edited pipeline, as a user types it. */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { RunReport } from '../../api/run-report.ts'
import { makeWorkplace, TOOL } from '../../test/errors/run-tool.ts'

/** `first` gives its text to `second`, whose script can be wrong. */
const pipeline = (second: string) => `components:
  comp-first:
    executorLabel: exec-first
    inputDefinitions: {parameters: {text: {parameterType: STRING}}}
    outputDefinitions: {parameters: {out: {parameterType: STRING}}}
  comp-second:
    executorLabel: exec-second
    inputDefinitions: {parameters: {text: {parameterType: STRING}}}
deploymentSpec:
  executors:
    exec-first: {container: {image: alpine, command: [sh, -c, 'echo first runs; printf "$0" > "$1"', "{{$.inputs.parameters['text']}}", "{{$.outputs.parameters['out'].output_file}}"]}}
    exec-second: {container: {image: alpine, command: [sh, -c, ${JSON.stringify(second)}, "{{$.inputs.parameters['text']}}"]}}
pipelineInfo: {name: pair}
root:
  inputDefinitions: {parameters: {text: {parameterType: STRING, defaultValue: x}}}
  dag:
    tasks:
      first: {componentRef: {name: comp-first}, taskInfo: {name: first}, inputs: {parameters: {text: {componentInputParameter: text}}}}
      second:
        componentRef: {name: comp-second}
        taskInfo: {name: second}
        inputs: {parameters: {text: {taskOutputParameter: {producerTask: first, outputParameterKey: out}}}}
        dependentTasks: [first]
schemaVersion: 2.1.0
`

let place: ReturnType<typeof makeWorkplace>
let failed: string
beforeAll(async () => {
  place = makeWorkplace()
  place.write('broken.yaml', pipeline('echo broken; exit 3'))
  place.write('fixed.yaml', pipeline('echo works with $0'))
  const { stdout } = await place.tool(['run', 'broken.yaml', '--host-commands', '--json', '--param', 'text=a'])
  failed = (JSON.parse(stdout) as RunReport).runId
})
afterAll(() => place.remove())

const tool = (...args: readonly string[]) => place.tool(args)
const states = (stdout: string) => (JSON.parse(stdout) as RunReport).tasks.map(({ state }) => state)

test('describe tells what failed and what to do next', async () => {
  const { stdout } = await tool('describe', failed)
  expect(stdout).toMatch(new RegExp(`^${failed} {2}FAILED {2}2/2\n`))
  expect(stdout).toContain('text = "a"')
  expect(stdout).toMatch(/To look at:\n {2}second: FAILED \(application\)/)
  expect(stdout).toContain(`kfp-ts retry ${failed} [--file EDITED] [--dry-run]`)
})

test('logs of all steps have their names in front', async () => {
  expect((await tool('logs', failed)).stdout).toBe('first | first runs\nsecond | broken\n')
  expect((await tool('logs', failed, 'second')).stdout).toBe('broken\n')
  expect((await tool('logs', failed, '--list')).stdout).toBe('first\nsecond\n')
})

test('a dry run says which steps would run and why, and runs none', async () => {
  const plain = await tool('retry', failed, '--dry-run')
  expect(plain.stdout).toMatch(
    /^2 tasks: 1 run, 1 stay\n {2}first +keep +it finished\n {2}second +run +it failed \(application\)/,
  )
  const edited = await tool('retry', failed, '--file', 'fixed.yaml', '--dry-run', '--json')
  expect(JSON.parse(edited.stdout).tasks).toMatchObject([
    { task: 'root/first', decision: 'reuse', source: { runId: failed } },
    { task: 'root/second', decision: 'run' },
  ])
  const other = await tool('run', 'fixed.yaml', '--host-commands', '--reuse', failed, '--param', 'text=b', '--dry-run')
  expect(other.stdout).toContain(`changed since run ${failed}: inputs.parameters.text`)
  expect(other.stdout).toContain('inputs.parameters.text: "a" -> "b"')
  expect(JSON.parse((await tool('runs', '--json')).stdout)).toHaveLength(1)
})

test('an edited pipeline runs only what changed, with the arguments of the run before', async () => {
  const { stdout, status } = await tool('retry', failed, '--file', 'fixed.yaml', '--json')
  expect(status).toBe(0)
  expect(states(stdout)).toEqual(['CACHED', 'SUCCEEDED'])
  expect((await tool('logs', 'last', 'second')).stdout).toBe('works with a\n')
  const explained = await tool('explain', 'last')
  expect(explained.stdout).toContain(`first  hit: the result of first in run ${failed}`)
  const again = await tool('retry', 'last', '--param', 'text=b', '--json')
  expect(states(again.stdout)).toEqual(['SUCCEEDED', 'SUCCEEDED'])
  expect((await tool('retry', 'last')).stderr).toContain('succeeded\n  with --file or --param only what changed runs')
})

test('a run that is not there, or goes on, is not reused', async () => {
  const { stderr, status } = await tool('run', 'fixed.yaml', '--host-commands', '--reuse', 'nothing')
  expect(status).toBe(2)
  expect(stderr).toContain('there is no run "nothing"')
  expect((await tool('run', '--resume', failed, '--reuse', failed)).stderr).toContain('give one of them')
})

test('cancel ends a run in another process; delete removes it, by its whole name only', async () => {
  place.write('slow.yaml', pipeline('sleep 60'))
  const child = spawn(TOOL, ['run', 'slow.yaml', '--host-commands', '--json'], { cwd: place.folder })
  let out = ''
  child.stdout.on('data', (text) => (out += text))
  const ended = new Promise<number | null>((done) => child.once('close', done))
  const running = async () =>
    (JSON.parse((await tool('runs', '--state', 'running', '--json')).stdout) as { runId: string }[])[0]?.runId
  let runId = await running()
  while (!runId) runId = await running()
  expect((await tool('delete', runId)).stderr).toContain('cancel it first')
  expect((await tool('cancel', runId)).stdout).toBe(`${runId} is being canceled\n`)
  expect(await ended).toBe(1)
  expect(JSON.parse(out)).toMatchObject({ runId, state: 'CANCELED' })
  expect((await tool('cancel', runId)).stderr).toContain('does not run (CANCELED)')
  expect((await tool('delete', runId.slice(0, -1))).stderr).toContain('type its whole name')
  expect((await tool('delete', runId)).stdout).toBe(`${runId} is deleted\n`)
  expect((await tool('describe', runId)).status).toBe(2)
})

const MODEL = `components:
  comp-make:
    executorLabel: exec-make
    outputDefinitions: {artifacts: {model: {artifactType: {schemaTitle: system.Model, schemaVersion: 0.0.1}}}}
deploymentSpec:
  executors:
    exec-make: {container: {image: alpine, command: [sh, -c, 'echo model > "$0"', "{{$.outputs.artifacts['model'].path}}"]}}
pipelineInfo: {name: model}
root: {dag: {tasks: {make: {componentRef: {name: comp-make}, taskInfo: {name: make}, cachingOptions: {enableCache: true}}}}}
schemaVersion: 2.1.0
`

test('a run whose artifacts another one took from the cache is not deleted without --force', async () => {
  place.write('model.yaml', MODEL)
  const run = async () => JSON.parse((await tool('run', 'model.yaml', '--host-commands', '--json')).stdout) as RunReport
  const [first, second] = [await run(), await run()]
  const { uri } = second.tasks[0]!.outputs.artifacts['model']![0]!
  expect(uri).toContain(first.runId)
  expect((await tool('delete', first.runId)).stderr).toContain(`a run has artifacts of ${first.runId}: ${second.runId}`)
  expect(existsSync(uri)).toBe(true)
  expect((await tool('delete', first.runId, '--force')).status).toBe(0)
  expect((await tool('delete', second.runId)).status).toBe(0)
})

test('the shell completes the names of runs', async () => {
  const complete = async (...words: readonly string[]) =>
    (await tool('--get-yargs-completions', 'kfp-ts', ...words)).stdout.split('\n')
  expect(await complete('describe', '')).toEqual(expect.arrayContaining(['last', failed, '--json']))
  expect(await complete('logs', '-f', '')).toContain(failed)
  expect(await complete('logs', failed, '')).not.toContain(failed)
  expect(await complete('retry', '--file', '')).not.toContain(failed)
})

test('what a run was started with is not given again beside --resume; nothing is ignored', async () => {
  const args = ['fixed.yaml', '--param', 'text=b', '--no-cache', '--pipeline-root', 'elsewhere', '--task-timeout', '1h']
  const { status, stderr } = await tool('run', '--resume', failed, ...args)
  expect(status).toBe(2)
  expect(stderr.match(/error: .*(?= can't be given beside --resume)/g)).toEqual([
    'error: FILE (fixed.yaml)',
    'error: --param',
    'error: --pipeline-root',
    'error: --no-cache',
  ])
  expect(stderr).toContain(`kfp-ts run FILE --reuse ${failed}`)
})
