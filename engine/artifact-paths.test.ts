import { expect, test } from 'vitest'
import { pathOfUri } from './artifact-paths.ts'
import type { RunConfig } from './types.ts'

test.each([
  ['file:///data/my%20file.csv', '/data/my file.csv', 'file URLs are escaped'],
  ['file:///data/100%.csv', '/data/100%.csv', 'or look as if'],
  ['s3://bucket/my%20file.csv?region=eu', '/s3/bucket/my%20file.csv', 'names of objects are what they are'],
  ['/data/my%20file.csv', '/data/my%20file.csv', 'so are paths'],
])('%s is at %s: %s', (uri, path) => {
  expect(pathOfUri(uri, {} as RunConfig)).toBe(path)
})
