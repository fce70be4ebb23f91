/** Deletions that nobody saw: of runs whose resource went while no operator was there, or whose clean-up failed. After: run-deletion.ts. */
import type { KubeClient } from '../client/kube/client.ts'
import { PIPELINE_RUNS } from '../client/kube/resources.ts'
import { KubeError } from '../client/kube/transport.ts'
import { lookNowAndThen } from './now-and-then.ts'
import type { RunRecords } from './run-records.ts'
import type { RunIdentity } from './run-session.ts'
import type { PipelineRun } from './run-view.ts'

export interface MissedDeletionsOptions {
  readonly kube: Pick<KubeClient, 'get'>
  readonly records: Pick<RunRecords, 'keptRuns'>
  /** The only namespace whose runs are looked after. */
  readonly namespace?: string | undefined
  /** Ids of the runs that are there. */
  readonly known: () => ReadonlySet<string>
  readonly onGone: (run: RunIdentity) => Promise<void>
  /** Asked before each. */
  readonly isStopped: () => boolean
}

const EVERY_MILLIS = 3_600_000

/** Looks at once, and then rarely. To be called when all runs of the cluster are known. */
export async function watchForMissedDeletions(
  options: MissedDeletionsOptions & { readonly onTrouble: (error: unknown) => void },
): Promise<void> {
  const { isStopped, onTrouble } = options
  await lookNowAndThen({ look: () => findMissedDeletions(options), everyMillis: EVERY_MILLIS, isStopped, onTrouble })
}

/** Rejects at the first question that the API server or the database does not answer: what was not answered is left alone. */
export async function findMissedDeletions({
  kube,
  records,
  namespace,
  known,
  onGone,
  isStopped,
}: MissedDeletionsOptions): Promise<void> {
  for (const run of await records.keptRuns(known())) {
    if (namespace !== undefined && run.namespace !== namespace) continue
    // A list is of one moment and one selector; only this answer says that the resource itself is gone.
    if (!(await isDeleted(kube, run))) continue
    if (isStopped()) return
    await onGone(run)
  }
}

/** Whether the API server says that the resource is gone; rejects when it says nothing. */
export async function isDeleted(
  kube: Pick<KubeClient, 'get'>,
  { namespace, name, uid }: RunIdentity,
): Promise<boolean> {
  try {
    const found = await kube.get<PipelineRun>(PIPELINE_RUNS, namespace, name)
    return found.metadata.uid !== uid
  } catch (error) {
    // A 404 without this reason is about the path: a proxy's answer, or the kind is not installed.
    if (error instanceof KubeError && error.status === 404 && error.reason === 'NotFound') return true
    throw error
  }
}
