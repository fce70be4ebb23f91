/** Comments stay comments for every reader of YAML, whatever an author's texts hold. */
import { expect, test } from 'vitest'
import { parsePipelineDocument } from '../api/parse.ts'
import type { PipelineSpec } from '../api/pipeline-spec.ts'
import { headerComment } from './header-comment.ts'

const specOf = (description: string, defaultValue: string): PipelineSpec => ({
  pipelineInfo: { name: 'p', description },
  deploymentSpec: {},
  root: { dag: { tasks: {} }, inputDefinitions: { parameters: { x: { parameterType: 'STRING', defaultValue } } } },
  schemaVersion: '2.1.0',
  sdkVersion: 'kfp-2.17.0',
})

test('every line break of YAML 1.1 begins a new comment', () => {
  const text = headerComment(specOf('one\ntwo\r\nthree\u0085four\u2028five\u2029six', 'a\u2028b'))
  expect(text.split('\n').slice(2, 8)).toEqual([
    '# Description: one',
    ...['two', 'three', 'four', 'five', 'six'].map((word) => `#              ${word}`),
  ])
  expect(text).toContain("#    x: str [Default: 'a\\u2028b']\n")
})

test('characters that YAML refuses are escaped', () => {
  const text = headerComment(specOf('bell \u0007, lone \ud800, \ud83d\ude00', '\u0001\t\u007f\u009f\uffff'))
  expect(text).toContain('# Description: bell \\x07, lone \\ud800, \ud83d\ude00\n')
  expect(text).toContain("[Default: '\\x01\t\\x7f\\x9f\\uffff']")
  expect(parsePipelineDocument(text).issues.map(({ code }) => code)).not.toContain('not-text')
})
