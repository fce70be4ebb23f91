/** dependsOnPast Task on this machine: a step waits until the same task of the run before has gone well. Before: the executor of `serve`. */
import { gateTask } from '../../engine/schedule/past-gate.ts'
import type { RunPlan } from '../../engine/schedule/schedule-state.ts'
import { scheduledRunId } from '../../server/kfp/start-run.ts'
import type { RunEvents } from '../../server/run-events.ts'
import type { RunRequest } from '../../server/run-executor.ts'
import type { Metadata } from '../../store/metadata/database.ts'
import { recordedTaskState } from '../../store/metadata/past-tasks.ts'
import { findScheduleRun } from '../../store/metadata/schedules.ts'

/** Resolves when the task may start, or when it is not wanted any more. */
export type TaskGate = (path: string, signal: AbortSignal) => Promise<void>

/** A change that was not heard of is found after this time. */
const LOOK_AGAIN_MILLIS = 5_000

/** The gate of a run, or undefined when its tasks wait for nothing. */
export async function pastTaskGate(
  metadata: Metadata,
  events: RunEvents,
  run: RunRequest,
): Promise<TaskGate | undefined> {
  if (!run.recurringRunId) return undefined
  const planned = await findScheduleRun(metadata.db, run.recurringRunId, run.displayName)
  const previous = planned && (JSON.parse(planned.plan) as RunPlan).previousRun
  if (!previous) return undefined
  const before = scheduledRunId(run.recurringRunId, previous)
  return async (path, signal) => {
    while (!signal.aborted) {
      const changed = nextChange(events, before, signal)
      const state = await recordedTaskState(metadata.db, before, path)
      if (state === undefined || gateTask(path, { [path]: state }).open) return
      await changed
    }
  }
}

function nextChange(events: RunEvents, runId: string, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      off()
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const off = events.subscribe(runId, done)
    const timer = setTimeout(done, LOOK_AGAIN_MILLIS)
    timer.unref()
    signal.addEventListener('abort', done)
  })
}
