/** Random pipelines compile, are valid, run to their end in the engine, and give the same bytes for the same seed. */
import { expect, test } from 'vitest'
import { parsePipelineDocument } from '../../api/parse.ts'
import { compile, printPipelineYaml } from '../../compiler/index.ts'
import { type FakeComponent, runPipeline } from '../../local/testing/index.ts'
import { fakes, randomPipeline } from './random-pipeline.ts'

const SEEDS = Number(process.env['KFP_TS_FUZZ_SEEDS'] ?? 100)
const FIRST = Number(process.env['KFP_TS_FUZZ_FIRST'] ?? 1)

test(`${SEEDS} random pipelines from seed ${FIRST} (KFP_TS_FUZZ_FIRST)`, { timeout: 600_000 }, async () => {
  const failures: string[] = []
  let tasks = 0
  for (let seed = FIRST; seed < FIRST + SEEDS; seed++) {
    try {
      tasks += await check(seed)
    } catch (error) {
      failures.push(`seed ${seed}: ${error instanceof Error ? error.message.slice(0, 500) : String(error)}`)
    }
  }
  expect(failures.slice(0, 5)).toEqual([])
  expect(tasks).toBeGreaterThan(SEEDS * 3)
})

/** @returns how many tasks the run had */
async function check(seed: number): Promise<number> {
  // Seeds decide while the body runs: each compilation needs a pipeline of its own.
  const { document, issues } = await compile(randomPipeline(seed))
  const errors = issues.filter(({ severity }) => severity === 'error')
  if (!document || errors.length > 0) throw new Error(`does not compile: ${JSON.stringify(errors.slice(0, 3))}`)
  const yaml = printPipelineYaml(document)
  const again = printPipelineYaml((await compile(randomPipeline(seed))).document!)
  if (again !== yaml) throw new Error('the same seed gives other bytes')
  const parsed = parsePipelineDocument(yaml)
  if (!parsed.document) throw new Error(`is not valid: ${JSON.stringify(parsed.issues.slice(0, 3))}`)
  const run = await runPipeline(parsed.document, { components: fakesFor(yaml) })
  if (run.state !== 'SUCCEEDED') throw new Error(`ended ${run.state}: ${JSON.stringify(run.error)}`)
  return run.report.tasks.length
}

/** Fakes by component: `number-2` is another use of `number`. */
function fakesFor(yaml: string): Readonly<Record<string, FakeComponent>> {
  const keys = [...yaml.matchAll(/^ {2}comp-(([a-z]+)(?:-\d+)*):$/gm)]
  return Object.fromEntries(
    keys.flatMap(([, key, base]) => {
      const fake = fakes[base!]
      return fake ? [[key!, fake] as const] : []
    }),
  )
}
