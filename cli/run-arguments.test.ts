import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { PipelineDocument } from '../api/platform-spec.ts'
import { makeTestFolder } from '../local/testing/test-folders.ts'
import { readArguments } from './run-arguments.ts'

const artifactType = { schemaTitle: 'system.Dataset', schemaVersion: '0.0.1' }
const document = {
  spec: {
    pipelineInfo: { name: 'p' },
    schemaVersion: '2.1.0',
    components: {},
    deploymentSpec: {},
    root: {
      dag: { tasks: {} },
      inputDefinitions: {
        parameters: { text: { parameterType: 'STRING', isOptional: true } },
        artifacts: { data: { artifactType }, more: { artifactType, isArtifactList: true, isOptional: true } },
      },
    },
  },
} as unknown as PipelineDocument

test('paths of input artifacts start where the command line is; URIs and other arguments stay', async () => {
  const paramsFile = join(makeTestFolder(), 'params.yaml')
  writeFileSync(paramsFile, 'more: [x.csv, {uri: y.csv}, s3://b/z, /z]\n')
  const given = { params: ['data=data/a.csv', 'text=data/a.csv'], paramsFile }
  const more = ['x.csv', { uri: 'y.csv' }, 's3://b/z', '/z']
  expect(await readArguments(document, given)).toEqual({ data: 'data/a.csv', text: 'data/a.csv', more })
  expect(await readArguments(document, { ...given, artifactsFrom: '/w' })).toEqual({
    data: '/w/data/a.csv',
    text: 'data/a.csv',
    more: ['/w/x.csv', { uri: '/w/y.csv' }, 's3://b/z', '/z'],
  })
})
