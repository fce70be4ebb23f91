import { expect, test } from 'vitest'
import type { ExecutorParts } from '../../server/start.ts'
import { openMetadata } from '../../store/metadata/database.ts'
import { localDeployments } from './local-deployments.ts'

test('deployments that are asked for at once are all kept for the next start', async () => {
  const metadata = await openMetadata({ url: ':memory:' })
  const parts = { metadata, logger: { warn() {} }, url: () => 'http://127.0.0.1:1' } as unknown as ExecutorParts
  const before = localDeployments(parts)
  const wish = { model: 'm', alias: 'champion' }
  await Promise.all(['a', 'b', 'c'].map((name) => before.apply('', name, wish)))
  await Promise.all([before.remove('', 'c'), before.apply('', 'd', wish)])
  await before.stop()
  const after = localDeployments(parts)
  await after.resume()
  const kept = (await after.list('')).map(({ name }) => name)
  await after.stop()
  await metadata.close()
  expect(kept.sort()).toEqual(['a', 'b', 'd'])
})
