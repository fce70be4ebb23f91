/** SIGKILL of the operator at random moments. KFP_TS_KILLS sets how many there are at least (default 40). */
import { chmod, mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { PipelineRun } from '../../client/runs.ts'
import { branchingPipeline, expectedStarts, MARKS } from './support/branching.ts'
import {
  finished,
  installCrds,
  makePlace,
  type OperatorProcess,
  type Place,
  startOperatorProcess,
  submit,
} from './support/cluster.ts'

const KILLS = Number(process.env['KFP_TS_KILLS'] ?? 40)
const ITEMS = 4
const RUNS_AT_ONCE = 3
let place: Place
let operator: OperatorProcess | undefined

beforeAll(async () => {
  await installCrds()
  place = await makePlace('kill')
  const marks = join(place.store, MARKS)
  await mkdir(marks)
  await chmod(marks, 0o777)
})
afterAll(async () => {
  await operator?.kill()
  await place?.remove()
})

async function starts(run: PipelineRun): Promise<string[]> {
  const text = await readFile(join(place.store, MARKS, run.metadata.uid ?? ''), 'utf8')
  return text
    .trim()
    .split('\n')
    .map((line) => line.split(' ').slice(0, 2).join(' '))
    .sort()
}

test(`killed at least ${KILLS} times: no task is lost, none starts twice, the outputs are the same`, async () => {
  let kills = 0
  while (kills < KILLS) {
    operator ??= await startOperatorProcess(place)
    const runs = await Promise.all(Array.from({ length: RUNS_AT_ONCE }, () => submit(place, branchingPipeline(ITEMS))))
    let open = true
    const all = Promise.all(runs.map((run) => finished(place, run, 300))).finally(() => {
      open = false
    })
    while (open) {
      await Promise.race([delay(100 + Math.random() * 1500), all])
      if (!open) break
      await operator.kill('SIGKILL')
      kills++
      operator = await startOperatorProcess(place)
    }
    for (const run of await all) {
      expect(run.status).toMatchObject({ phase: 'Succeeded', outputs: { last: 'finished' } })
      expect(await starts(run)).toEqual(expectedStarts(ITEMS))
    }
  }
  process.stdout.write(`operator killed ${kills} times\n`)
})
