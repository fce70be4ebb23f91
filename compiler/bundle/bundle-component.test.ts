/** TypeScript components as a stock launcher runs them: the literal command, executor input in, executor output out. */
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { PipelineContainerSpec } from '../../api/pipeline-spec.ts'
import { compile, loadPipelines, printPipelineYaml, selectPipeline } from '../index.ts'
import { ARGUMENT_LIMIT_BYTES } from './bundle-component.ts'

const run = promisify(execFile)
let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kfp-ts-bundle-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const AUTHOR = `import { readFileSync, writeFileSync } from 'node:fs'
import { execSync } from 'node:child_process'
import { component, asComponent, defineComponent, definePipeline, t } from 'kfp-ts'
import { shout } from './helper.ts'

const make = defineComponent({
  name: 'make',
  inputs: { text: t.string({ default: 'hello' }), note: t.optional(t.string()) },
  outputs: { data: t.dataset(), length: t.integer() },
  run({ text, note }, { data }) {
    writeFileSync(data.path, shout(text))
    data.metadata.note = note ?? 'none'
    return { length: text.length }
  },
})
export const measure = defineComponent({
  name: 'measure',
  inputs: { all: t.list(t.dataset()), factor: t.number() },
  outputs: { metrics: t.metrics(), roc: t.classificationMetrics(), page: t.markdown(), score: t.number(), extra: t.struct() },
  async run({ all, factor }, { metrics, roc, page }, { temporaryDirectory }) {
    const score = all.map(({ path }) => readFileSync(path, 'utf8').length).reduce((a, b) => a + b, 0) * factor
    metrics.logMetric('score', score)
    roc.logRocCurve([0, 1], [0, 1], [Number.POSITIVE_INFINITY, 0])
    roc.logConfusionMatrix(['a', 'b'], [[1, 2], [3, 4]])
    page.write('# ' + (temporaryDirectory.length > 0))
    return { score, extra: { list: [1] } }
  },
})
const unwanted = defineComponent({ name: 'unwanted', run() { execSync('MARK_OF_THE_UNWANTED') } })
const failing = defineComponent({ name: 'failing', outputs: { n: t.integer() }, run: () => ({ n: 1.5 }) })
class Steps {
  @component({ outputs: { n: t.integer() } })
  static decorated() {
    return { n: 7 }
  }
}
export default definePipeline({ name: 'bundled' }, () => {
  make({})
  unwanted({})
  failing({})
  asComponent(Steps.decorated)({})
})
export const measuring = definePipeline({ name: 'measuring', inputs: { all: t.list(t.dataset()) } }, ({ all }) => {
  measure({ all, factor: 2 })
})
`

async function author(place: string, text = AUTHOR): Promise<string> {
  const home = join(folder, place)
  await mkdir(home, { recursive: true })
  await writeFile(join(home, 'helper.ts'), 'export const shout = (text: string): string => text.toUpperCase()\n')
  await writeFile(join(home, 'pipeline.ts'), text)
  return join(home, 'pipeline.ts')
}

async function containerOf(file: string, label: string, pipeline?: string): Promise<PipelineContainerSpec> {
  const { document, issues } = await compile(selectPipeline(await loadPipelines(file), pipeline))
  expect(issues).toEqual([])
  return document!.spec.deploymentSpec.executors![label]!.container!
}

/** Runs the literal command with the executor input in place of its placeholder. */
async function launch(
  container: PipelineContainerSpec,
  input: object,
): Promise<{ readonly code: number; readonly stderr: string }> {
  const args = [
    ...(container.command ?? []).slice(1),
    ...(container.args ?? []).map((word) => (word === '{{$}}' ? JSON.stringify(input) : word)),
  ]
  return run(process.execPath, args, { cwd: folder }).then(
    ({ stderr }) => ({ code: 0, stderr }),
    (error: { code: number; stderr: string }) => ({ code: error.code, stderr: error.stderr }),
  )
}

const artifact = (name: string, schemaTitle: string) => ({
  artifacts: [{ name, uri: join(folder, 'out', name), type: { schemaTitle, schemaVersion: '0.0.1' }, metadata: {} }],
})
const outputFile = () => join(folder, 'out', 'executor_output.json')

describe('a TypeScript component in its step', () => {
  test('reads parameters, writes artifacts and the executor output', async () => {
    const container = await containerOf(await author('a'), 'exec-make')
    expect(container.command?.[0]).toBe('node')
    const input = {
      inputs: { parameterValues: { text: 'abc', note: null } },
      outputs: { artifacts: { data: artifact('data', 'system.Dataset') }, outputFile: outputFile() },
    }
    expect(await launch(container, input)).toEqual({ code: 0, stderr: '' })
    expect(await readFile(join(folder, 'out/data'), 'utf8')).toBe('ABC')
    const output = JSON.parse(await readFile(outputFile(), 'utf8'))
    expect(output.parameterValues).toEqual({ length: 3 })
    expect(output.artifacts.data.artifacts[0].metadata).toEqual({ note: 'none' })
  })

  test('takes its own default when the backend gives no value', async () => {
    const container = await containerOf(await author('a'), 'exec-make')
    const input = { outputs: { artifacts: { data: artifact('data', 'system.Dataset') }, outputFile: outputFile() } }
    expect((await launch(container, input)).code).toBe(0)
    expect(JSON.parse(await readFile(outputFile(), 'utf8')).parameterValues).toEqual({ length: 5 })
  })

  test('lists of artifacts, metrics, ROC, confusion matrix and pages', async () => {
    const container = await containerOf(await author('a'), 'exec-measure', 'measuring')
    await mkdir(join(folder, 'in'), { recursive: true })
    await writeFile(join(folder, 'in/1'), 'abc')
    await writeFile(join(folder, 'in/2'), 'de')
    const all = { artifacts: ['1', '2'].map((name) => ({ name, uri: join(folder, 'in', name) })) }
    const outputs = {
      artifacts: {
        metrics: artifact('metrics', 'system.Metrics'),
        roc: artifact('roc', 'system.ClassificationMetrics'),
        page: artifact('page', 'system.Markdown'),
      },
      outputFile: outputFile(),
    }
    const result = await launch(container, { inputs: { parameterValues: { factor: 2 }, artifacts: { all } }, outputs })
    expect(result).toEqual({ code: 0, stderr: '' })
    const output = JSON.parse(await readFile(outputFile(), 'utf8'))
    expect(output.parameterValues).toEqual({ score: 10, extra: { list: [1] } })
    expect(output.artifacts.metrics.artifacts[0].metadata).toEqual({ score: 10 })
    const { confidenceMetrics, confusionMatrix } = output.artifacts.roc.artifacts[0].metadata
    expect(confidenceMetrics[1]).toEqual({ confidenceThreshold: 0, falsePositiveRate: 1, recall: 1 })
    expect(confidenceMetrics[0].confidenceThreshold).toBeGreaterThan(1e300)
    expect(confusionMatrix.rows).toEqual([{ row: [1, 2] }, { row: [3, 4] }])
    expect(await readFile(join(folder, 'out/page'), 'utf8')).toBe('# true')
  })

  test('a value of another type than declared ends with 1 and says so', async () => {
    const { code, stderr } = await launch(await containerOf(await author('a'), 'exec-failing'), {
      outputs: { outputFile: outputFile() },
    })
    expect(code).toBe(1)
    expect(stderr).toContain('run returned the number 1.5 for the output "n" of type NUMBER_INTEGER')
  })

  test('a method that @component stands on', async () => {
    const { code, stderr } = await launch(await containerOf(await author('a'), 'exec-decorated'), {
      outputs: { outputFile: outputFile() },
    })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(JSON.parse(await readFile(outputFile(), 'utf8')).parameterValues).toEqual({ n: 7 })
  })
})

describe('the code that travels', () => {
  test('is what the component needs, and nothing of the dsl', async () => {
    const container = await containerOf(await author('a'), 'exec-make')
    const code = gunzipSync(Buffer.from(container.args![0]!, 'base64')).toString()
    expect(code).toContain('toUpperCase')
    expect(code).not.toContain('MARK_OF_THE_UNWANTED')
    expect(code.length).toBeLessThan(10_000)
  })

  test('is the same wherever the source lies', async () => {
    const text = async (file: string): Promise<string> =>
      printPipelineYaml((await compile(selectPipeline(await loadPipelines(file), 'bundled'))).document!)
    expect(await text(await author('b/deep/er'))).toBe(await text(await author('c')))
  })

  test('above the limit of an argument is refused with sizes and the way out', async () => {
    // Noise does not compress.
    const noise = Array.from({ length: 200_000 }, (_, index) =>
      String.fromCharCode(33 + ((index * index * 31 + (index % 97) * 7919) % 90)),
    ).join('')
    const random = (await import('node:crypto'))
      .createHash('shake256', { outputLength: 150_000 })
      .update(noise)
      .digest('base64')
    const text = `import { defineComponent, definePipeline } from 'kfp-ts'
const big = defineComponent({ name: 'big', run() { console.log(${JSON.stringify(random)}) } })
export default definePipeline({ name: 'big' }, () => { big() })
`
    const { document, issues } = await compile(selectPipeline(await loadPipelines(await author('d', text))))
    expect(document).toBeUndefined()
    expect(issues[0]).toMatchObject({ code: 'component-too-large', location: { line: 2 } })
    expect(issues[0]!.message).toMatch(/is \d+\.\d KiB, \d+\.\d KiB packed; an argument holds 128\.0 KiB/)
    expect(issues[0]!.hint).toContain('image')
    expect(ARGUMENT_LIMIT_BYTES).toBe(131071)
  })
})
