/** One status patch a pass, none when nothing changed: the only writer of PipelineRun status. */
import type { PipelineRunStatus } from '../api/pipeline-run.ts'
import type { KubeClient } from '../client/kube/client.ts'
import { PIPELINE_RUNS } from '../client/kube/resources.ts'
import { isConflict, isNotFound, isTransient, KubeError } from '../client/kube/transport.ts'
import { backOff } from './back-off.ts'
import type { RunIdentity } from './run-session.ts'
import { statusPatch } from './run-status.ts'

export interface StatusWriter {
  /**
   * Resolves when the status is there; a run that is gone counts as written. Repeats while the API server has trouble, or does not
   * let us; rejects when it refuses this very status.
   */
  write(run: RunIdentity, before: PipelineRunStatus | undefined, after: PipelineRunStatus): Promise<void>
}

export function createStatusWriter(
  kube: KubeClient,
  onWrite: () => void,
  onTrouble: (error: unknown) => void,
): StatusWriter {
  return {
    async write(run, before, after) {
      const patch = statusPatch(before, after)
      if (!patch) return
      // The uid makes the API server refuse the patch for a later run of the same name.
      const body = { metadata: { uid: run.uid }, status: patch }
      for (let failures = 0; ; failures++) {
        try {
          onWrite()
          await kube.patch(PIPELINE_RUNS, run.namespace, run.name, body, 'status')
          return
        } catch (error) {
          if (isNotFound(error) || isOtherRun(error)) return
          if (isDenied(error)) {
            if (failures === 0) onTrouble(error)
          } else if (!isTransient(error) && !isConflict(error)) throw error
          await backOff(failures)
        }
      }
    },
  }
}

/** The run was deleted and another one has its name. */
const isOtherRun = (error: unknown): boolean =>
  isConflict(error) && error instanceof Error && /uid/i.test(error.message) && /[Pp]recondition/.test(error.message)

/** A token that is being changed, or a role that is not there yet. */
const isDenied = (error: unknown): boolean =>
  error instanceof KubeError && (error.status === 401 || error.status === 403)
