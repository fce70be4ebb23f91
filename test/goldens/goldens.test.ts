import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { reindent } from '../../api/parse/reindent.ts'
import { compile, printPipelineYaml } from '../../compiler/index.ts'
import type { AnyComponent } from '../../compiler/pipeline-around.ts'
import type { AnyPipeline } from '../../dsl/index.ts'
import { missingFrom } from './compare.ts'
import { goldens as critical } from './critical.ts'
import { goldens as essential } from './essential.ts'
import { goldensInFolders } from './in-folders.ts'
import { goldens as parallelAndNested } from './parallel-and-nested.ts'

const corpus = resolve(import.meta.dirname, '../conformance/corpus/valid')
const goldens: Readonly<Record<string, AnyPipeline | AnyComponent>> = {
  ...critical,
  ...essential,
  ...parallelAndNested,
  ...(await goldensInFolders()),
}

/** PyYAML writes continuation lines that YAML 1.2 wants indented further. */
const documentsOf = (text: string): unknown[] =>
  parseAllDocuments(reindent(text)).map((document) => document.toJS() as unknown)

describe('golden pipelines', () => {
  it('has its corpus', () => expect(existsSync(corpus)).toBe(true))

  for (const [file, pipeline] of Object.entries(goldens)) {
    it(file, async () => {
      const golden = documentsOf(await readFile(resolve(corpus, file), 'utf8'))
      const { document, issues } = await compile(pipeline)
      expect(issues.filter(({ severity }) => severity === 'error')).toEqual([])
      const text = printPipelineYaml(document!)
      const ours = documentsOf(text)
      expect(ours.length).toBe(golden.length)
      expect(golden.flatMap((part, index) => missingFrom(part, ours[index]))).toEqual([])
      expect(printPipelineYaml((await compile(pipeline)).document!)).toBe(text)
    })
  }
})
