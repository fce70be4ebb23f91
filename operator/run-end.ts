/** After the end of a run: removal when its time is up, and what has to go with a deleted one. */
import type { KubeClient } from '../client/kube/client.ts'
import { PIPELINE_RUNS } from '../client/kube/resources.ts'
import { isNotFound } from '../client/kube/transport.ts'
import type { RunRecords } from './run-records.ts'
import type { RunIdentity } from './run-session.ts'
import type { RunStore } from './run-store.ts'
import type { RunView } from './run-view.ts'

/** On runs whose artifacts go with them; pods go by their owner reference. */
export const FINALIZER = 'pipelines.kfp-ts.dev/artifacts'

const LONGEST_TIMER_MILLIS = 2 ** 31 - 1
const timers = new Map<string, NodeJS.Timeout>()

/** Deletes the run when its time is up: its own, else its pipeline's; a later call for the same run replaces the earlier one. */
export function deleteExpired(options: {
  readonly kube: KubeClient
  readonly view: RunView
  readonly now: () => number
  readonly onTrouble: (error: unknown) => void
}): void {
  const { kube, view, now, onTrouble } = options
  clearTimeout(timers.get(view.uid))
  timers.delete(view.uid)
  const { completedAt, ttlSeconds, expiresAt } = view
  if (completedAt === undefined) return
  const due = ttlSeconds === undefined ? expiresAt : completedAt + ttlSeconds * 1000
  if (due === undefined) return
  const wait = due - now()
  const timer = setTimeout(
    () => {
      timers.delete(view.uid)
      kube.delete(PIPELINE_RUNS, view.namespace, view.name, { uid: view.uid }).catch((error) => {
        if (!isNotFound(error)) onTrouble(error)
      })
    },
    Math.min(Math.max(0, wait), LONGEST_TIMER_MILLIS),
  )
  timer.unref()
  timers.set(view.uid, timer)
}

/** Removes what the policy says, then lets the resource go. Repeated until it worked: the finalizer holds the resource. */
export function cleanUpDeleted(options: {
  readonly kube: KubeClient
  readonly store: RunStore
  readonly records: RunRecords
  readonly view: RunView
  readonly onTrouble: (error: unknown) => void
}): void {
  const { kube, store, records, view, onTrouble } = options
  if (!view.finalizers.includes(FINALIZER)) return
  void (async () => {
    try {
      if (await records.owns(view)) await store.deleteRun(view.runId, view.deletesArtifacts)
      const finalizers = view.finalizers.filter((name) => name !== FINALIZER)
      await kube.patch(PIPELINE_RUNS, view.namespace, view.name, { metadata: { finalizers } })
    } catch (error) {
      if (isNotFound(error)) return
      onTrouble(error)
      setTimeout(() => cleanUpDeleted(options), 5_000).unref()
    }
  })()
}

/** Logs and scratch files of runs whose resource is gone: they go once no pod of the run writes them any more. */
export interface Leftovers {
  add(run: RunIdentity): void
  /** To be called when the last pod of a run is gone. */
  podsGone(uid: string): void
}

export function createLeftovers(options: {
  readonly store: Pick<RunStore, 'deleteRun'>
  readonly hasPods: (uid: string) => boolean
  readonly onTrouble: (run: RunIdentity, error: unknown) => void
}): Leftovers {
  const { store, hasPods, onTrouble } = options
  const waiting = new Map<string, RunIdentity>()

  function remove(run: RunIdentity): void {
    waiting.delete(run.uid)
    store.deleteRun(run.runId, false).catch((error) => onTrouble(run, error))
  }
  return {
    add(run) {
      if (hasPods(run.uid)) waiting.set(run.uid, run)
      else remove(run)
    },
    podsGone(uid) {
      const run = waiting.get(uid)
      if (run) remove(run)
    },
  }
}
