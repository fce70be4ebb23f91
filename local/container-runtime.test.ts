import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { StepRequest } from './attempt.ts'
import { containerRuntime } from './container-runtime.ts'
import { makeTestFolder } from './testing/test-folders.ts'

test('of the host, a container sees our folder and its input artifacts, these to read only', async () => {
  const [root, elsewhere] = [makeTestFolder(), makeTestFolder()]
  const [own, file, missing] = [join(root, 'model'), join(elsewhere, 'data.csv'), join(elsewhere, 'missing.csv')]
  for (const path of [own, file]) writeFileSync(path, '1')
  const inputArtifacts = [own, file, missing].map((path) => ({ name: 'd', artifact: { uri: path }, path }))
  const launch = { image: 'x', command: ['cat'], args: [], env: [], resources: {}, kubernetes: {}, inputArtifacts }
  const runtime = containerRuntime({ program: 'docker', root, hostEnv: {}, warn: () => undefined })
  const request = { launch, attempt: 1, logFile: '/l', temporaryFolder: elsewhere, uniqueName: 'n' }
  const { argv } = await runtime.prepare(request as unknown as StepRequest)
  expect(argv.filter((_, index) => argv[index - 1] === '--volume')).toEqual([`${root}:${root}`, `${file}:${file}:ro`])
})
