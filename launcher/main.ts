/** Runs beside a step on an object store: `stage` copies its inputs in, `publish` waits for its end and copies its outputs out. */

import { STAGING_PLAN_VARIABLE, type StagingPlan } from '../api/staging-plan.ts'
import { s3Store } from '../store/s3-store.ts'
import { publish } from './publish.ts'
import { stage } from './stage.ts'

const STORE_ENDPOINT = 'KFP_TS_S3_ENDPOINT'
const STORE_REGION = 'KFP_TS_S3_REGION'

async function main(word: string | undefined): Promise<void> {
  const plan = JSON.parse(process.env[STAGING_PLAN_VARIABLE] ?? '{}') as StagingPlan
  const endpoint = process.env[STORE_ENDPOINT]
  const region = process.env[STORE_REGION]
  const store = s3Store({ ...(endpoint ? { endpoint } : {}), ...(region ? { region } : {}) })
  if (word === 'stage') return await stage(plan, store)
  if (word !== 'publish') throw new Error(`launcher: "${word}" is neither stage nor publish`)
  await stepEnded()
  await publish(plan, store)
}

/** The kubelet asks sidecars to end when the step has ended: that is the sign. */
function stepEnded(): Promise<void> {
  return new Promise((resolve) => {
    // A process without a timer or socket would end by itself.
    const keepAlive = setInterval(() => {}, 60_000)
    process.once('SIGTERM', () => {
      clearInterval(keepAlive)
      resolve()
    })
  })
}

main(process.argv[2]).catch((error) => {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : error}\n`)
  process.exitCode = 1
})
