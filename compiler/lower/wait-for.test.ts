/** waitFor in the IR: an image that nobody pulls, the kind as its argument, and inputs and outputs like those of any component. */
import { defineContainerComponent, definePipeline, importer, parallelFor, t, waitFor } from 'kfp-ts'
import { expect, test } from 'vitest'
import { parsePipelineDocument } from '../../api/parse.ts'
import { compile } from '../compile.ts'
import { printPipelineYaml } from '../print-yaml.ts'

const use = defineContainerComponent({
  name: 'use',
  inputs: { data: t.dataset(), status: t.integer(), rows: t.optional(t.integer()) },
  outputs: { version: t.integer() },
  image: 'busybox',
})

const everything = definePipeline({ name: 'everything', inputs: { url: t.string(), day: t.string() } }, (inputs) => {
  const { url, day } = inputs
  const night = waitFor.time({ at: day, afterSeconds: 60 })
  const ready = waitFor
    .http({ url: `${url}/${day}`, headers: { 'x-day': day }, status: 200, until: 'json.ready', everySeconds: 5 })
    .after(night)
  const file = waitFor.object({ taskName: 'landing', uri: `s3://b/${day}.csv`, type: t.dataset(), minBytes: 10 })
  const job = waitFor.resource({ apiVersion: 'batch/v1', kind: 'Job', name: 'export', condition: 'Complete' })
  const other = waitFor.run({ pipeline: 'clean', logicalDate: day, state: ['SUCCEEDED', 'FAILED'] }).after(job)
  parallelFor(['a', 'b'], (model) => waitFor.alias({ model, alias: 'champion', timeoutSeconds: 60, onTimeout: 'skip' }))
  use({
    data: file.outputs.artifact,
    status: ready.outputs.status,
    rows: other.outputs.outputs.field('rows'),
  })
})

test('the document', async () => {
  const { document, issues } = await compile(everything)
  expect(issues.filter(({ severity }) => severity === 'error')).toEqual([])
  const { components = {}, deploymentSpec, root } = document!.spec
  expect(deploymentSpec.executors!['exec-wait-for-http']).toEqual({
    container: { image: 'kfp-ts/wait', args: ['http'] },
  })
  expect(components['comp-wait-for-http']).toEqual({
    executorLabel: 'exec-wait-for-http',
    inputDefinitions: {
      parameters: {
        url: { parameterType: 'STRING' },
        headers: { parameterType: 'STRUCT' },
        status: { parameterType: 'LIST' },
        until: { parameterType: 'STRING' },
        every_seconds: { parameterType: 'NUMBER_DOUBLE' },
      },
    },
    outputDefinitions: {
      parameters: {
        status: { parameterType: 'NUMBER_INTEGER' },
        body: { parameterType: 'STRING' },
        json: { parameterType: 'STRUCT' },
      },
    },
  })
  expect(components['comp-landing']!.outputDefinitions).toEqual({
    artifacts: { artifact: { artifactType: { schemaTitle: 'system.Dataset', schemaVersion: '0.0.1' } } },
    parameters: { size: { parameterType: 'NUMBER_INTEGER' }, etag: { parameterType: 'STRING' } },
  })
  expect(root.dag!.tasks['wait-for-http']).toMatchObject({ cachingOptions: {}, dependentTasks: ['wait-for-time'] })
  expect(Object.keys(root.dag!.tasks)).toContain('wait-for-run')
  const inLoop = Object.values(components).find(({ dag }) => dag)!.dag!.tasks['wait-for-alias']!
  expect(inLoop.inputs!.parameters).toMatchObject({
    on_timeout: { runtimeValue: { constant: 'skip' } },
    timeout_seconds: { runtimeValue: { constant: 60 } },
  })
})

test('is read again as it was written', async () => {
  const { document } = await compile(everything)
  const text = printPipelineYaml(document!)
  const read = parsePipelineDocument(text)
  expect(read.issues).toEqual([])
  expect(printPipelineYaml(read.document!)).toBe(text)
})

test('what a wait can not be is told with all else, at compile time', async () => {
  const wrong = definePipeline({ name: 'wrong', inputs: { day: t.string() } }, ({ day }) => {
    waitFor.http({ url: 'ftp://x', until: 'json.', everySeconds: 0 })
    waitFor.time({})
    waitFor.run({ run: 'a', pipeline: day })
    waitFor.object({ uri: 'relative.csv', onTimeout: 'wait' as 'skip' })
    importer({ uri: 1 as never, type: t.dataset() })
  })
  const { issues, document } = await compile(wrong)
  expect(document).toBeUndefined()
  const waits = issues.filter(({ code }) => code === 'bad-wait')
  const messages = waits.map(({ message }) => message)
  expect(messages).toEqual([
    'waitFor.http "wait-for-http": "every_seconds" is 0; give a number from 0.1',
    'waitFor.http "wait-for-http": "url" is "ftp://x"; give an http:// or https:// address',
    expect.stringMatching(/"until" is no CEL expression that can be used: /),
    'waitFor.time "wait-for-time": it needs "at" (a time) or "after_seconds"',
    'waitFor.run "wait-for-run": it needs either "run" (an id or a name) or "pipeline" with "logical_date"',
    'waitFor.object "wait-for-object": "on_timeout" is "wait"; it can be fail, skip',
    'waitFor.object "wait-for-object": "uri" is "relative.csv"; give an absolute path, file:///PATH or s3://BUCKET/KEY',
  ])
  const files = waits.map(({ location }) => location?.file?.split('/').at(-1))
  expect(new Set(files)).toEqual(new Set(['wait-for.test.ts']))
})
