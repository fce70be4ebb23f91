/** SIGKILL of the operator at random moments of runs that reuse the one before. KFP_TS_REUSE_KILLS sets how many there are at least. */
import { setTimeout as delay } from 'node:timers/promises'
import { beforeAll, expect, test } from 'vitest'
import type { PipelineRun } from '../../client/runs.ts'
import { branchingPipeline, expectedStarts, prepareMarks, startsOf } from './support/branching.ts'
import { finished, submit } from './support/cluster.ts'
import { useOperator, usePlace } from './support/fixtures.ts'

const KILLS = Number(process.env['KFP_TS_REUSE_KILLS'] ?? 6)
/** In one run, so that it comes to its end on a busy machine too. */
const KILLS_A_RUN = 3
const ITEMS = 2

const place = usePlace('kill-reuse')
beforeAll(() => prepareMarks(place))
const operator = useOperator(place)

/** Another version of the step `work`, which ends the same; nothing else is different. */
const edited = (version: number): string => branchingPipeline(ITEMS).replace('exit 3', `exit ${3 + version}`)

/** What runs of an edited pipeline start: the step that changed, and the exit task, which is never reused. */
const startsOfEdited = expectedStarts(ITEMS).filter((start) => /^(work|cleanup)/.test(start))

/** Kills the operator while the run goes on. @returns how often */
async function torment(run: PipelineRun, startMillis: number): Promise<number> {
  let open = true
  let kills = 0
  const end = finished(place, run, 600).finally(() => {
    open = false
  })
  while (kills < KILLS_A_RUN) {
    // As likely while it starts as afterwards, also on a busy machine.
    await Promise.race([delay(2 * Math.random() * startMillis), end])
    if (!open) break
    await operator.kill('SIGKILL')
    kills++
    await operator.startAgain()
  }
  await end
  return kills
}

test(`killed at least ${KILLS} times: what is reused does not run, what is not runs once, the outputs are the same`, async () => {
  await operator.kill()
  const startedAt = Date.now()
  await operator.startAgain()
  const startMillis = Date.now() - startedAt
  let before = await finished(place, await submit(place, edited(0)))
  expect(before.status).toMatchObject({ phase: 'Succeeded', outputs: { last: 'finished' } })
  expect(await startsOf(place, before)).toEqual(expectedStarts(ITEMS))

  let kills = 0
  for (let version = 1; kills < KILLS; version++) {
    const reuseFrom = { run: before.metadata.name }
    const run = await submit(place, edited(version), { spec: { reuseFrom } })
    kills += await torment(run, startMillis)
    // The next one finds what this one reused as well as what it ran.
    before = await place.runs.get(run.metadata.name)
    expect(before.status).toMatchObject({ phase: 'Succeeded', outputs: { last: 'finished' } })
    expect(await startsOf(place, run)).toEqual(startsOfEdited)
    // first, even and last
    expect(before.status?.counts).toMatchObject({ cached: 2 + ITEMS / 2 })
    process.stdout.write(`run ${version} reused the one before it; ${kills} kills so far\n`)
  }
})
