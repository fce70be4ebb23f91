/** The arguments of a run that a client started, with its macros filled in. Before: the executors. */
import { expandMacros, type MacroValues } from '../../engine/schedule/macros.ts'
import { loadZone } from '../../engine/schedule/zone.ts'
import type { RunRequest } from '../../server/run-executor.ts'

/** Macros of a scheduled run were filled in when its schedule created it; here only those of any run. */
export function argumentsOf(run: RunRequest): RunRequest['parameters'] {
  if (!/\[\[(RunUUID|CurrentTime|run_id)|currentTime/.test(JSON.stringify(run.parameters))) return run.parameters
  const at = run.scheduledAt ?? Date.now()
  const values: MacroValues = {
    logicalDate: at,
    intervalStart: at,
    intervalEnd: at,
    runAfter: at,
    scheduledTime: at,
    currentTime: Date.now(),
    index: 0,
    runId: run.runId,
    zone: loadZone('UTC')!,
  }
  return expandMacros(run.parameters, values) as RunRequest['parameters']
}
