/** The launcher's two jobs, with the store of its environment. Before: main.ts. */
import { STAGING_PLAN_VARIABLE, type StagingPlan } from '../api/staging-plan.ts'
import { s3Store } from '../store/s3-store.ts'
import { publish } from './publish.ts'
import { stage } from './stage.ts'

/** Leaves a failure in `process.exitCode`, with its reason as the last line of the log. */
export async function carryOut(word: string | undefined, stepEnded: Promise<void>): Promise<void> {
  const plan = JSON.parse(process.env[STAGING_PLAN_VARIABLE] ?? '{}') as StagingPlan
  const endpoint = process.env['KFP_TS_S3_ENDPOINT']
  const region = process.env['KFP_TS_S3_REGION']
  const store = s3Store({ ...(endpoint ? { endpoint } : {}), ...(region ? { region } : {}) })
  try {
    if (word === 'stage') return await stage(plan, store)
    if (word !== 'publish') throw new Error(`launcher: "${word}" is neither stage nor publish`)
    await waiting(stepEnded)
    await publish(plan, store)
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : error}\n`)
    process.exitCode = 1
  } finally {
    store.close()
  }
}

/** A process without a timer or socket would end by itself. */
async function waiting(stepEnded: Promise<void>): Promise<void> {
  const keepAlive = setInterval(() => {}, 60_000)
  await stepEnded
  clearInterval(keepAlive)
}
