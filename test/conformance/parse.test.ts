/** Every pipeline of the corpus is read, every broken one refused with a message that a person understands. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv } from 'ajv'
import { dump, loadAll } from 'js-yaml'
import { describe, expect, it } from 'vitest'
import { formatIssue } from '../../api/issue.ts'
import { parsePipelineDocument } from '../../api/parse.ts'
import { jsonSchemaOf } from '../../api/schema/json-schema.ts'
import { diffPipelines } from '../../compiler/diff/diff-pipelines.ts'
import { parsePipelineFile } from '../../compiler/pipeline-archive.ts'
import { corpusFiles, corpusFolder } from './corpus.ts'

const validFiles = corpusFiles('valid')
const read = (file: string) => readFileSync(join(corpusFolder, 'valid', file))

describe('valid files', () => {
  const ajv = new Ajv({ strict: false })
  const isPipeline = ajv.compile(jsonSchemaOf('PipelineSpec'))
  const isPlatform = ajv.compile(jsonSchemaOf('PlatformSpec'))

  it('are 117', () => expect(validFiles).toHaveLength(117))

  it.each(validFiles)('%s has no problem, not even a warning', (file) => {
    const { document, issues } = parsePipelineDocument(read(file), { file })
    expect(issues.map(formatIssue)).toEqual([])
    expect(document?.spec.schemaVersion).toBe('2.1.0')
  })

  it.each(validFiles)('%s fits the JSON Schema after parsing', (file) => {
    const { document } = parsePipelineDocument(read(file))
    expect(isPipeline(document?.spec), ajv.errorsText(isPipeline.errors)).toBe(true)
    if (document?.platform) expect(isPlatform(document.platform), ajv.errorsText(isPlatform.errors)).toBe(true)
  })

  it.each(validFiles)('%s means the same as JSON, with snake_case fields, and printed again', (file) => {
    const { document } = parsePipelineDocument(read(file))
    const again = JSON.stringify(document?.spec)
    const asJson = parsePipelineDocument(again)
    const { platform, ...spec } = { ...document!.spec, platform: document?.platform }
    const printed = parsePipelineDocument(
      `${dump(JSON.parse(JSON.stringify(spec)))}---\n${platform ? dump(JSON.parse(JSON.stringify(platform))) : ''}`,
    )
    expect(asJson.issues).toEqual([])
    expect(JSON.stringify(asJson.document?.spec)).toBe(again)
    expect(diffPipelines(document!, printed.document!)).toEqual([])
  })

  it.each(validFiles)('%s can be wrapped as a Kubernetes manifest', (file) => {
    const { document } = parsePipelineDocument(read(file))
    const manifest = {
      apiVersion: 'pipelines.kubeflow.org/v2beta1',
      kind: 'PipelineVersion',
      metadata: { name: 'v1' },
      spec: { pipelineName: 'p', pipelineSpec: document?.spec, platformSpec: document?.platform },
    }
    const pipeline = { apiVersion: manifest.apiVersion, kind: 'Pipeline', metadata: { name: 'p' } }
    const text = `${JSON.stringify(pipeline)}\n---\n${JSON.stringify(manifest)}`
    expect(JSON.stringify(parsePipelineDocument(text).document)).toBe(JSON.stringify(document))
  })
})

describe('quoted text that is indented too little for YAML 1.2', () => {
  const file = 'pipeline_with_secret_as_volume.yaml'

  it('is read as PyYAML, which wrote it, reads it', () => {
    expect(() => loadAll(read(file).toString())).toThrow('deficient indentation')
    const { document } = parsePipelineDocument(read(file))
    const container = Object.values(document!.spec.deploymentSpec.executors ?? {})[0]?.container
    expect(container?.command?.[2]).toContain(`; python_version<"3.9"' && "$0" "$@"\n`)
  })
})

describe('invalid files', () => {
  const messages: Readonly<Record<string, readonly string[]>> = {
    'empty_file.yaml': ['error: the file is empty'],
    'empty_zip.zip': ['error: the file is empty'],
    'invalid-zip.zip': ['3:1: error: the field "components_1" is not known here', 'did you mean "components"?'],
    'invalid_yaml.yaml': ['3:1: error: the field "components_1" is not known here', 'did you mean "components"?'],
    'no_name.yaml': ['15:1: error: the field "name" is missing or empty [at pipelineInfo]'],
    'wrong_format.png': ['error: the file is empty'],
  }

  it('are the ones in the table', () => expect(corpusFiles('invalid')).toEqual(Object.keys(messages).sort()))

  it.each(Object.entries(messages))('%s is refused', async (file, expected) => {
    const bytes = readFileSync(join(corpusFolder, 'invalid', file))
    const { document, issues } = await parsePipelineFile(bytes, { file })
    expect(document).toBeUndefined()
    const text = issues.map(formatIssue).join('\n')
    for (const part of expected) expect(text).toContain(part)
  })
})
