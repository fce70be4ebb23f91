import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { getVersionByAlias, rollbackAlias, setAlias } from './aliases.ts'
import { type Metadata, openMetadata } from './database.ts'
import { ensureDefaultExperiment } from './experiments.ts'
import { logBatch } from './log-batch.ts'
import { decidePromotion, requestPromotion } from './promotions.ts'
import { createModelVersion, createRegisteredModel, deleteModelVersion, getModelVersion } from './registry.ts'
import { aliasesAsOf, modelHistory } from './registry-history.ts'
import { insertRun } from './runs.ts'

let metadata: Metadata
let clock = 1000
const by = (actor = 'ada', reason?: string) => ({ namespace: '', actor, now: clock++, reason, groups: [] as string[] })

beforeEach(async () => {
  metadata = await openMetadata({ url: ':memory:', now: () => clock })
  await ensureDefaultExperiment(metadata.db, clock)
  await createRegisteredModel(metadata.db, by(), { name: 'm', tags: [] })
})
afterEach(() => metadata.close())

/** A version whose run has this accuracy. */
async function version(accuracy: number): Promise<string> {
  const runId = `run-${clock}`
  await insertRun(metadata.db, {
    runId,
    experimentId: 0,
    namespace: '',
    kind: 'tracking',
    name: runId,
    userId: '',
    state: 'RUNNING',
    startTime: clock,
    artifactUri: 'mlflow-artifacts:/0/x',
    now: clock,
  })
  await logBatch(metadata.db, runId, { metrics: [{ key: 'acc', value: accuracy, timestamp: 1, step: 0 }] })
  const row = await createModelVersion(metadata.db, by(), {
    name: 'm',
    source: 's3://b/m',
    storage_location: 's3://b/m',
    run_id: runId,
    run_link: null,
    model_id: null,
    description: null,
    tags: [],
  })
  return String(row.version)
}

const promote = (v: string, more: object = {}) =>
  requestPromotion(metadata.db, by(), {
    name: 'm',
    alias: 'champion',
    version: v,
    gate: { metric: 'acc' },
    approvers: [],
    ...more,
  })

describe('aliases', () => {
  test('what an alias meant at each time, and back again', async () => {
    const [first, second] = [await version(0.5), await version(0.6)]
    await setAlias(metadata.db, by(), 'm', 'champion', first)
    const early = clock++
    await setAlias(metadata.db, by(), 'm', 'champion', second)
    const late = clock++
    expect(await rollbackAlias(metadata.db, by('bob', 'regression'), 'm', 'champion')).toEqual({ from: 2, to: 1 })
    expect(await aliasesAsOf(metadata.db, '', 'm', early)).toEqual(new Map([['champion', 1]]))
    expect(await aliasesAsOf(metadata.db, '', 'm', late)).toEqual(new Map([['champion', 2]]))
    expect((await getVersionByAlias(metadata.db, '', 'm', 'champion')).version).toBe(1)
    const [newest] = await modelHistory(metadata.db, '', 'm', { limit: 1 })
    expect(newest).toMatchObject({ action: 'rollback-alias', actor: 'bob', reason: 'regression', previous_version: 2 })
  })

  test('a deleted version takes its aliases along, and its number is not used again', async () => {
    await version(0.5)
    const second = await version(0.6)
    await setAlias(metadata.db, by(), 'm', 'champion', second)
    await deleteModelVersion(metadata.db, by(), await getModelVersion(metadata.db, '', 'm', second))
    await expect(getVersionByAlias(metadata.db, '', 'm', 'champion')).rejects.toMatchObject({ code: 'invalid' })
    expect(await aliasesAsOf(metadata.db, '', 'm', clock)).toEqual(new Map())
    expect(await version(0.7)).toBe('3')
  })

  test.each(['latest', 'v1', 'V22', 'a b', '', '../x'])('"%s" is no alias', async (alias) => {
    const only = await version(0.5)
    await expect(setAlias(metadata.db, by(), 'm', alias, only)).rejects.toMatchObject({ code: 'invalid' })
  })
})

describe('promotion', () => {
  test('a better version passes, an equal one too, a worse one is refused and stays in the history', async () => {
    const [weak, strong, same] = [await version(0.5), await version(0.9), await version(0.9)]
    expect((await promote(weak)).outcome).toBe('promoted')
    expect((await promote(strong)).outcome).toBe('promoted')
    expect((await promote(same)).outcome).toBe('promoted')
    const refused = await promote(weak)
    expect(refused).toMatchObject({ outcome: 'refused', gate: { candidate: 0.5, holder: 0.9 } })
    expect((await modelHistory(metadata.db, '', 'm', { limit: 1 }))[0]?.action).toBe('reject-promotion')
  })

  test('lower is better, and a least improvement', async () => {
    const [high, low] = [await version(0.5), await version(0.4)]
    const gate = { metric: 'acc', higherIsBetter: false, minImprovement: 0.2 }
    await promote(high, { gate })
    expect((await promote(low, { gate })).outcome).toBe('refused')
    expect((await promote(low, { gate: { ...gate, minImprovement: 0.05 } })).outcome).toBe('promoted')
  })

  test('only a named person decides, once, and in time', async () => {
    const only = await version(0.9)
    const asked = await promote(only, { approvers: ['carol', 'leads'], expiresAt: clock + 1000 })
    if (asked.outcome !== 'waiting') throw new Error('it must wait')
    const decide = (who: object) => decidePromotion(metadata.db, { ...by(), ...who }, asked.promotionId, true)
    await expect(decide({ actor: 'mallory' })).rejects.toMatchObject({ code: 'forbidden' })
    expect(await decide({ actor: 'dave', groups: ['leads'] })).toMatchObject({ state: 'APPROVED', decided_by: 'dave' })
    await expect(decide({ actor: 'carol' })).rejects.toMatchObject({ code: 'failed-precondition' })
    const late = await promote(only, { approvers: ['carol'], expiresAt: clock + 5 })
    if (late.outcome !== 'waiting') throw new Error('it must wait')
    clock += 100
    const tooLate = decidePromotion(metadata.db, by('carol'), late.promotionId, true)
    await expect(tooLate).rejects.toMatchObject({ code: 'failed-precondition' })
  })

  test('the comparison is made anew when the alias moved while people thought', async () => {
    const [middle, best] = [await version(0.7), await version(0.9)]
    const asked = await promote(middle, { approvers: ['carol'] })
    if (asked.outcome !== 'waiting') throw new Error('it must wait')
    await setAlias(metadata.db, by(), 'm', 'champion', best)
    const decided = decidePromotion(metadata.db, by('carol'), asked.promotionId, true)
    await expect(decided).rejects.toMatchObject({ code: 'failed-precondition' })
  })
})

test.each([
  ['é', true],
  ['日本-1', true],
  ['a b', false],
  ['latest', false],
])('%j may name an alias: %s', async (alias, accepted) => {
  const outcome = setAlias(metadata.db, by(), 'm', alias, await version(1))
  await (accepted ? outcome : expect(outcome).rejects.toMatchObject({ code: 'invalid' }))
})
