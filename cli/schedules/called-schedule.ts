/** A schedule of the database as its webhook sees it. Before: schedule-runner.ts. */
import type { JsonValue } from '../../api/json.ts'
import { fitParameters } from '../../engine/index.ts'
import type { Services } from '../../server/context.ts'
import { checkParameters } from '../../server/kfp/spec.ts'
import { scheduledRunId } from '../../server/kfp/start-run.ts'
import type { CalledSchedule } from '../../server/schedules.ts'
import { MetadataError } from '../../store/metadata/errors.ts'
import { findSchedule } from '../../store/metadata/schedules.ts'
import { specOfRow } from './schedule-row.ts'
import { sourceOf } from './start-planned-run.ts'

export async function calledSchedule(
  services: Services,
  namespace: string,
  name: string,
): Promise<CalledSchedule | undefined> {
  const row = await findSchedule(services.metadata.db, namespace, name).catch((error) => {
    if (error instanceof MetadataError && error.code === 'not-found') return undefined
    throw error
  })
  if (!row) return undefined
  const owner = row.recurring_run_id
  return {
    owner,
    webhook: specOfRow(row).triggers?.find(({ webhook }) => webhook !== undefined)?.webhook,
    check: async (given) => {
      const { document } = await sourceOf(services, row)
      const { parameters } = JSON.parse(row.runtime_config) as { parameters?: Record<string, JsonValue> }
      checkParameters(document, fitParameters(document, { ...parameters, ...given }))
    },
    runIdOf: (run) => scheduledRunId(owner, run),
  }
}
