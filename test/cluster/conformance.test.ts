/** Every pipeline of the corpus that the images here allow, on pods: ends in the expected state. Prints a table of all. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { printTable, runCorpus } from './support/conformance.ts'
import { prepareCases, removeCases } from './support/conformance-cases.ts'
import { useOperator, usePlace } from './support/fixtures.ts'
import { expectBarePods } from './support/user-pods.ts'

const place = usePlace('conf')
beforeAll(() => prepareCases(place))
afterAll(() => removeCases(place))
useOperator(place, ['--image-grace', '5', '--max-pods', '24'])

test('the corpus on pods, artifacts on a volume', async () => {
  const rows = await runCorpus(place)
  printTable('Artifacts on a volume', rows)
  expect(rows.filter(({ outcome }) => outcome.startsWith('FAILED'))).toEqual([])
})

test('no pod of them holds a token or credentials that its pipeline did not name', async () => {
  expect(await expectBarePods(place)).toBeGreaterThan(0)
})
