/** The cache as a user sees it: a hit, a miss with what changed, and an artifact that was tampered with. */
import { rmSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { RunReport } from '../../api/run-report.ts'
import { makeWorkplace } from '../../test/errors/run-tool.ts'

const PIPELINE = `components:
  comp-make:
    executorLabel: exec-make
    inputDefinitions: {parameters: {text: {parameterType: STRING}}}
    outputDefinitions: {artifacts: {data: {artifactType: {schemaTitle: system.Dataset, schemaVersion: 0.0.1}}}}
deploymentSpec:
  executors:
    exec-make: {container: {image: alpine, command: [sh, -c, 'printf "$0" > "$1"', "{{$.inputs.parameters['text']}}", "{{$.outputs.artifacts['data'].path}}"]}}
pipelineInfo: {name: cached}
root:
  inputDefinitions: {parameters: {text: {parameterType: STRING}}}
  dag:
    tasks:
      make:
        componentRef: {name: comp-make}
        taskInfo: {name: make}
        cachingOptions: {enableCache: true}
        inputs: {parameters: {text: {componentInputParameter: text}}}
schemaVersion: 2.1.0
`
let place: ReturnType<typeof makeWorkplace>
beforeAll(() => {
  place = makeWorkplace()
  place.write('p.yaml', PIPELINE)
})
afterAll(() => place.remove())

const run = async (text: string, ...args: string[]) => {
  const { stdout } = await place.tool([
    'run',
    'p.yaml',
    '--host-commands',
    '--json',
    '--param',
    `text=${text}`,
    ...args,
  ])
  const report = JSON.parse(stdout) as RunReport
  return { report, task: report.tasks[0]! }
}
const explain = async () => (await place.tool(['explain', 'last', 'make'])).stdout

test('the same again is a hit and gives the same artifact', async () => {
  const first = await run('a')
  expect(first.task.state).toBe('SUCCEEDED')
  expect(await explain()).toContain('miss: no earlier result has this key')
  const second = await run('a')
  expect(second.task).toMatchObject({ state: 'CACHED', cached: true, attempts: 0 })
  expect(second.task.outputs).toEqual(first.task.outputs)
  expect(await explain()).toBe(`make  hit: the result of make in run ${first.report.runId}\n`)
})

test('another value is a miss, and explain says which part changed', async () => {
  expect((await run('b')).task.state).toBe('SUCCEEDED')
  const text = await explain()
  expect(text).toContain('miss: no earlier result has this key')
  expect(text).toMatch(/nearest: make in run cached-.*; changed\n {4}inputs\.parameters\.text: /)
})

test('--no-cache asks nobody', async () => {
  expect((await run('a', '--no-cache')).task.state).toBe('SUCCEEDED')
  expect((await place.tool(['explain', 'last'])).stdout).toBe('no task of this run asked the cache\n')
})

test('a result whose artifact was changed, or is gone, is not used', async () => {
  const { uri } = (await run('c')).task.outputs.artifacts['data']![0]!
  writeFileSync(uri, 'tampered')
  expect((await run('c')).task.state).toBe('SUCCEEDED')
  expect(await explain()).toContain('was changed since (its checksum differs)')
  rmSync((await run('c')).task.outputs.artifacts['data']![0]!.uri)
  expect((await run('c')).task.state).toBe('SUCCEEDED')
  expect(await explain()).toContain('no longer exists')
})
