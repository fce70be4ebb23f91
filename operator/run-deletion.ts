/** What has to go with a deleted run, and when: its artifacts by its policy, its logs, scratch files and record. Before: operator.ts. */
import type { KubeClient } from '../client/kube/client.ts'
import { PIPELINE_RUNS } from '../client/kube/resources.ts'
import { isNotFound } from '../client/kube/transport.ts'
import { isDeleted } from './missed-deletions.ts'
import { FINALIZER } from './run-end.ts'
import type { RunRecords } from './run-records.ts'
import type { RunIdentity } from './run-session.ts'
import type { RunStore } from './run-store.ts'
import type { RunView } from './run-view.ts'

export interface RunDeletion {
  /** The resource is marked: removes what the policy says, then lets it go. Repeated until it worked: the finalizer holds it. */
  marked(view: RunView): void
  /** The watch says that the resource is gone, as it does of a run that left its selector: only the API server's word counts. */
  left(run: RunIdentity): Promise<void>
  /** The resource is gone. Resolves when what goes with it went; not before its pods are gone, which write its files. */
  gone(run: RunIdentity): Promise<void>
  /** To be called when the last pod of a run is gone. */
  podsGone(uid: string): void
}

export interface RunDeletionOptions {
  readonly kube: Pick<KubeClient, 'get' | 'patch'>
  readonly store: Pick<RunStore, 'deleteRun'>
  readonly records: Pick<RunRecords, 'owns' | 'forget'>
  readonly hasPods: (uid: string) => boolean
  readonly onTrouble: (run: RunIdentity, error: unknown) => void
}

const AGAIN_MILLIS = 5_000

export function createRunDeletion({ kube, store, records, hasPods, onTrouble }: RunDeletionOptions): RunDeletion {
  const waiting = new Map<string, PromiseWithResolvers<void>>()

  async function withoutPods({ uid }: RunIdentity): Promise<void> {
    if (!hasPods(uid)) return
    const pods = waiting.get(uid) ?? Promise.withResolvers<void>()
    waiting.set(uid, pods)
    await pods.promise
  }

  async function cleanUp(view: RunView): Promise<void> {
    try {
      if (await records.owns(view)) await store.deleteRun(view.runId, view.deletesArtifacts)
      const finalizers = view.finalizers.filter((name) => name !== FINALIZER)
      await kube.patch(PIPELINE_RUNS, view.namespace, view.name, { metadata: { finalizers } })
    } catch (error) {
      if (isNotFound(error)) return
      onTrouble(view, error)
      setTimeout(() => void cleanUp(view), AGAIN_MILLIS).unref()
    }
  }

  async function gone(run: RunIdentity): Promise<void> {
    await records
      .forget(run, async () => {
        await withoutPods(run)
        await store.deleteRun(run.runId, false)
      })
      .catch((error) => onTrouble(run, error))
  }

  return {
    marked(view) {
      if (view.finalizers.includes(FINALIZER)) void cleanUp(view)
    },
    async left(run) {
      try {
        // What was not answered is asked again by missed-deletions.ts.
        if (await isDeleted(kube, run)) await gone(run)
      } catch (error) {
        onTrouble(run, error)
      }
    },
    gone,
    podsGone(uid) {
      waiting.get(uid)?.resolve()
      waiting.delete(uid)
    },
  }
}
