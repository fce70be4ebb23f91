/** After the end of a run: removal when its time is up. What goes with a deleted one: run-deletion.ts. */
import type { KubeClient } from '../client/kube/client.ts'
import { PIPELINE_RUNS } from '../client/kube/resources.ts'
import { isNotFound } from '../client/kube/transport.ts'
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
