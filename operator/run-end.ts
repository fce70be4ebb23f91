/** After the end of a run: who listens hears of it, and it is removed when its time is up. What goes with a deleted one: run-deletion.ts. */
import type { KubeClient } from '../client/kube/client.ts'
import { PIPELINE_RUNS } from '../client/kube/resources.ts'
import { isNotFound } from '../client/kube/transport.ts'
import { callAt } from './far-timer.ts'
import { isOver, type RunView } from './run-view.ts'

/** On runs whose artifacts go with them; pods go by their owner reference. */
export const FINALIZER = 'pipelines.kfp-ts.dev/artifacts'

export interface RunEndsOptions {
  readonly kube: Pick<KubeClient, 'delete'>
  /** The run as it is known now; undefined when it is gone. */
  readonly current: (run: RunView) => RunView | undefined
  /** A run is over; it is not removed before this resolves. */
  readonly onEnded: (view: RunView) => Promise<void>
  readonly now: () => number
  readonly onTrouble: (run: RunView, error: unknown) => void
}

export interface RunEnds {
  /** News of a run that is over; its time to go may be another one than before. */
  over(view: RunView): void
  /** It is tried again, or gone: there is nothing to remove. */
  withdraw(uid: string): void
  stop(): void
}

const AGAIN_MILLIS = 5_000

export function createRunEnds({ kube, current, onEnded, now, onTrouble }: RunEndsOptions): RunEnds {
  /** What each run waits for: its time, or another try. */
  const waits = new Map<string, () => void>()
  let stopped = false

  function wait(uid: string, at: number, act: () => void): void {
    withdraw(uid)
    if (!stopped) waits.set(uid, callAt(at, now, act))
  }

  function withdraw(uid: string): void {
    waits.get(uid)?.()
    waits.delete(uid)
  }

  /** What is known now counts: the run may be tried again since. */
  function stillOver(run: RunView): RunView | undefined {
    const view = current(run)
    return view && isOver(view) && !view.deleting ? view : undefined
  }

  async function hear(run: RunView): Promise<void> {
    const view = stillOver(run)
    if (!view) return
    try {
      await onEnded(view)
      removeInTime(view)
    } catch (error) {
      onTrouble(view, error)
      wait(view.uid, now() + AGAIN_MILLIS, () => void hear(view))
    }
  }

  function removeInTime(run: RunView): void {
    withdraw(run.uid)
    const view = stillOver(run)
    const due = view && removalOf(view)
    if (due === undefined) return
    if (due > now()) wait(run.uid, due, () => removeInTime(run))
    else void remove(run)
  }

  async function remove(run: RunView): Promise<void> {
    try {
      await kube.delete(PIPELINE_RUNS, run.namespace, run.name, { uid: run.uid })
    } catch (error) {
      if (!isNotFound(error)) onTrouble(run, error)
    }
  }

  return {
    over: (view) => void hear(view),
    withdraw,
    stop() {
      stopped = true
      for (const uid of [...waits.keys()]) withdraw(uid)
    },
  }
}

/** When it is to go: by its own time to live, else by its pipeline's. */
function removalOf({ completedAt, ttlSeconds, expiresAt }: RunView): number | undefined {
  if (completedAt === undefined) return undefined
  return ttlSeconds === undefined ? expiresAt : completedAt + ttlSeconds * 1000
}
