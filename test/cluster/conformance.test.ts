/** Every pipeline of the corpus that the images here allow, on pods: ends in the expected state. Prints a table of all. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { installCrds, makePlace, type OperatorProcess, type Place, startOperatorProcess } from './support/cluster.ts'
import { printTable, runCorpus } from './support/conformance.ts'
import { prepareCases, removeCases } from './support/conformance-cases.ts'
import { expectBarePods } from './support/user-pods.ts'

let place: Place
let operator: OperatorProcess

beforeAll(async () => {
  await installCrds()
  place = await makePlace('conf')
  await prepareCases(place)
  operator = await startOperatorProcess(place, ['--image-grace', '5', '--max-pods', '24'])
})
afterAll(async () => {
  await operator?.kill()
  await place?.remove()
  await removeCases(place)
})

test('the corpus on pods, artifacts on a volume', async () => {
  const rows = await runCorpus(place)
  printTable('Artifacts on a volume', rows)
  expect(rows.filter(({ outcome }) => outcome.startsWith('FAILED'))).toEqual([])
})

test('no pod of them holds a token or credentials that its pipeline did not name', async () => {
  expect(await expectBarePods(place)).toBeGreaterThan(0)
})
