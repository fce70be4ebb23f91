/** What has to go with a deleted run, and when: its artifacts by its policy, its logs, scratch files and record. Before: operator.ts. */
import type { KubeClient } from '../client/kube/client.ts'
import { PIPELINE_RUNS, PODS } from '../client/kube/resources.ts'
import { isNotFound } from '../client/kube/transport.ts'
import { isDeleted } from './missed-deletions.ts'
import type { Pod } from './pod/pod-types.ts'
import { LEAVE_MARGIN_MILLIS } from './pod-facts.ts'
import { FINALIZER } from './run-end.ts'
import type { RunRecords } from './run-records.ts'
import type { RunIdentity } from './run-session.ts'
import type { RunStore } from './run-store.ts'
import type { RunView } from './run-view.ts'

export interface RunDeletion {
  /**
   * The resource is marked: ends its pods, which write files, removes what the policy says, then lets it go. Repeated until it
   * worked: the finalizer holds it.
   */
  marked(view: RunView): void
  /** The watch says that the resource is gone, as it does of a run that left its selector: only the API server's word counts. */
  left(run: RunIdentity): Promise<void>
  /** The resource is gone. Resolves when what goes with it went; not before its pods are gone, which write its files. */
  gone(run: RunIdentity): Promise<void>
  /** To be called after each change of a run's pods. */
  podsChanged(uid: string): void
}

export interface RunDeletionOptions {
  readonly kube: Pick<KubeClient, 'get' | 'patch' | 'delete'>
  readonly store: Pick<RunStore, 'deleteRun'>
  readonly records: Pick<RunRecords, 'owns' | 'artifactsOf' | 'forget'>
  /** Pods of the run that are there, ended ones too. */
  readonly podsOf: (uid: string) => readonly Pod[]
  /** How long a step may take to end. @default 10 */
  readonly graceSeconds?: number | undefined
  readonly onTrouble: (run: RunIdentity, error: unknown) => void
}

const AGAIN_MILLIS = 5_000

export function createRunDeletion(options: RunDeletionOptions): RunDeletion {
  const { kube, store, records, podsOf, graceSeconds = 10, onTrouble } = options
  /** Checks of those who wait for a run's pods. */
  const waiting = new Map<string, Set<() => void>>()
  /** Runs that the finalizer holds, as they were last seen. */
  const held = new Map<string, RunView>()

  const hasPods = (uid: string): boolean => podsOf(uid).length > 0
  const unfinished = (uid: string): Pod[] =>
    podsOf(uid).filter(({ status }) => status?.phase !== 'Succeeded' && status?.phase !== 'Failed')

  /** Looks again after each change of the run's pods. */
  async function until(uid: string, isMet: () => boolean): Promise<void> {
    if (isMet()) return
    const checks = waiting.get(uid) ?? new Set()
    waiting.set(uid, checks)
    await new Promise<void>((resolve) => {
      const check = (): void => {
        if (!isMet()) return
        checks.delete(check)
        if (checks.size === 0) waiting.delete(uid)
        resolve()
      }
      checks.add(check)
    })
  }

  /** They write until they end; those of a node that is gone are removed by force. */
  async function endPods(run: RunIdentity): Promise<void> {
    const ended = until(run.uid, () => unfinished(run.uid).length === 0)
    await removePods(run, graceSeconds)
    const limit = new Promise<void>((resolve) => setTimeout(resolve, graceSeconds * 1000 + LEAVE_MARGIN_MILLIS).unref())
    await Promise.race([ended, limit])
    await removePods(run, 0)
    await ended
  }

  async function removePods({ uid }: RunIdentity, gracePeriodSeconds: number): Promise<void> {
    const removals = unfinished(uid).map(({ metadata: { namespace, name } }) =>
      kube.delete(PODS, namespace, name, { gracePeriodSeconds }).catch((error) => {
        if (!isNotFound(error)) throw error
      }),
    )
    await Promise.all(removals)
  }

  async function cleanUp(view: RunView): Promise<void> {
    try {
      await endPods(view)
      if (await records.owns(view)) {
        await store.deleteRun(view.runId, view.deletesArtifacts ? await records.artifactsOf(view.runId) : undefined)
      }
      const finalizers = held.get(view.uid)?.finalizers
      if (finalizers?.includes(FINALIZER)) await letGo(view, finalizers)
      held.delete(view.uid)
    } catch (error) {
      onTrouble(view, error)
      setTimeout(() => void cleanUp(view), AGAIN_MILLIS).unref()
    }
  }

  async function letGo({ namespace, name }: RunView, finalizers: readonly string[]): Promise<void> {
    const rest = finalizers.filter((one) => one !== FINALIZER)
    await kube.patch(PIPELINE_RUNS, namespace, name, { metadata: { finalizers: rest } }).catch((error) => {
      if (!isNotFound(error)) throw error
    })
  }

  async function gone(run: RunIdentity): Promise<void> {
    held.delete(run.uid)
    await records
      .forget(run, async () => {
        await until(run.uid, () => !hasPods(run.uid))
        await store.deleteRun(run.runId)
      })
      .catch((error) => onTrouble(run, error))
  }

  return {
    marked(view) {
      const isNew = !held.has(view.uid)
      if (isNew && !view.finalizers.includes(FINALIZER)) return
      held.set(view.uid, view)
      if (isNew) void cleanUp(view)
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
    podsChanged(uid) {
      for (const check of [...(waiting.get(uid) ?? [])]) check()
    },
  }
}
