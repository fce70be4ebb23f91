/** Every document that we emit, as PyPI's kfp reads it: strictly as protobuf, and by load_component_from_file. */
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parsePipelineDocument } from '../../../api/parse.ts'
import { compile, loadPipelines, printPipelineYaml } from '../../../compiler/index.ts'
import type { AnyComponent } from '../../../compiler/pipeline-around.ts'
import type { AnyPipeline } from '../../../dsl/index.ts'
import { simulate } from '../../../engine/testing/simulate.ts'
import { randomPipeline } from '../../fuzz/random-pipeline.ts'
import { goldens as critical } from '../../goldens/critical.ts'
import { goldens as essential } from '../../goldens/essential.ts'
import { goldensInFolders } from '../../goldens/in-folders.ts'
import { goldens as parallelAndNested } from '../../goldens/parallel-and-nested.ts'
import { KFP_KUBERNETES, pythonEnvironment } from '../../python-environment.ts'

const run = promisify(execFile)
const RANDOM_PIPELINES = 40
let folder: string
let python: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kfp-ts-ir-'))
  python = join(await pythonEnvironment(KFP_KUBERNETES), 'bin/python')
})
afterAll(() => rm(folder, { recursive: true, force: true }))

async function emit(name: string, pipeline: AnyPipeline | AnyComponent): Promise<void> {
  const { document, issues } = await compile(pipeline)
  expect(issues.filter(({ severity }) => severity === 'error')).toEqual([])
  await writeFile(join(folder, 'emitted', `${name.replace(/[/.]/g, '_')}.yaml`), printPipelineYaml(document!))
}

test('kfp reads everything that we emit', async () => {
  await mkdir(join(folder, 'emitted'))
  const goldens = { ...critical, ...essential, ...parallelAndNested, ...(await goldensInFolders()) }
  for (const [file, pipeline] of Object.entries(goldens)) await emit(file, pipeline)
  for (let seed = 1; seed <= RANDOM_PIPELINES; seed++) await emit(`random-${seed}`, randomPipeline(seed))
  for (const example of ['hybrid/pipeline', 'pipeline-centric/arrival']) {
    const { pipelines } = await loadPipelines(resolve(import.meta.dirname, `../../../examples/${example}.ts`))
    for (const { pipeline } of pipelines) await emit(`${example}-${pipeline.model.name}`, pipeline)
  }
  const { stdout } = await run(python, [join(import.meta.dirname, 'check_ir.py'), join(folder, 'emitted')], {
    maxBuffer: 64 << 20,
  })
  expect(JSON.parse(stdout)).toEqual([])
})

test('a wait that Python wrote is one', async () => {
  const file = join(folder, 'python-waits.yaml')
  await run(python, [join(import.meta.dirname, 'write_waits.py'), file])
  const { document, issues } = parsePipelineDocument(await readFile(file, 'utf8'))
  expect(issues).toEqual([])
  const { actions } = simulate(document!, { arguments: { url: 'http://example.test/' } })
  expect(actions.find(({ kind }) => kind === 'wait-for')).toMatchObject({
    wait: {
      request: { kind: 'http', url: 'http://example.test/', until: 'json.ready', everyMillis: 2500 },
      outputs: { parameters: ['status'] },
    },
  })
})
