/** The launcher's work in its order, with the store of its environment. Before: main.ts. */
import { createServer } from 'node:net'
import { LAUNCHER_PORT, STAGING_PLAN_VARIABLE, type StagingPlan } from '../api/staging-plan.ts'
import { s3Store } from '../store/s3-store.ts'
import { publish } from './publish.ts'
import { stage } from './stage.ts'

/** Leaves a failure in `process.exitCode`, with its reason as the last line of the log. */
export async function carryOut(stepEnded: Promise<void>): Promise<void> {
  const plan = JSON.parse(process.env[STAGING_PLAN_VARIABLE] ?? '{}') as StagingPlan
  const endpoint = process.env['KFP_TS_S3_ENDPOINT']
  const region = process.env['KFP_TS_S3_REGION']
  const store = s3Store({ ...(endpoint ? { endpoint } : {}), ...(region ? { region } : {}) })
  try {
    await stage(plan, store)
    if (plan.onlyStage) return
    await readyUntil(stepEnded)
    await publish(plan, store)
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : error}\n`)
    process.exitCode = 1
  } finally {
    store.close()
  }
}

/** The step starts when this port answers (the startup probe of the pod): inputs are there, and its end will be heard. */
async function readyUntil(stepEnded: Promise<void>): Promise<void> {
  const server = createServer((socket) => socket.end())
  server.listen(LAUNCHER_PORT)
  await stepEnded
  server.close()
}
