/** The API server away, etcd restarted: runs end as if nothing had been. */
import { setTimeout as delay } from 'node:timers/promises'
import { beforeAll, expect, test } from 'vitest'
import type { PipelineRun } from '../../../client/runs.ts'
import { branchingPipeline, expectedStarts, prepareMarks, startsOf } from '../support/branching.ts'
import { finished, submit } from '../support/cluster.ts'
import { useOperator, usePlace } from '../support/fixtures.ts'
import { isKind, script } from '../support/servers.ts'

const OUTAGE_SECONDS = Number(process.env['KFP_TS_OUTAGE_SECONDS'] ?? 60)
const ITEMS = 4
const place = usePlace('outages')
beforeAll(() => prepareMarks(place))
useOperator(place)

async function expectWhole(run: PipelineRun): Promise<void> {
  const ended = await finished(place, run, 600)
  expect(ended.status).toMatchObject({ phase: 'Succeeded', outputs: { last: 'finished' } })
  expect(await startsOf(place, run)).toEqual(expectedStarts(ITEMS))
}

test.skipIf(isKind)(`the API server stops for ${OUTAGE_SECONDS} s in the middle of a run`, async () => {
  const run = await submit(place, branchingPipeline(ITEMS))
  await delay(3000)
  script('restart.sh', 'stop', 'apiserver')
  await delay(OUTAGE_SECONDS * 1000)
  script('restart.sh', 'start', 'apiserver')
  await expectWhole(run)
})

test.skipIf(isKind)('etcd is killed and starts again in the middle of a run', async () => {
  const run = await submit(place, branchingPipeline(ITEMS))
  await delay(3000)
  script('restart.sh', 'stop', 'etcd', 'KILL')
  await delay(2000)
  script('restart.sh', 'start', 'etcd')
  await expectWhole(run)
})
