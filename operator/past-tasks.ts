/** dependsOnPast Task on a cluster: a step gets no pod until the same task of the run before has gone well. Before: carry-out.ts. */
import type { TaskStateWord } from '../api/run-report.ts'
import { gateTask } from '../engine/schedule/past-gate.ts'

/** A task at its gate. */
export interface PastGate {
  /** Resolves when the task may start, and when the gate was left before. */
  readonly opened: Promise<void>
  /** Why it waits, in one sentence. */
  why(): string
  /** The task is not wanted any more; harmless to call twice. */
  leave(): void
}

export interface PastTasks {
  /**
   * @param previous name of the run before
   * @param onNews called when it waits for another reason than before
   */
  enter(namespace: string, previous: string, task: string, onNews?: () => void): PastGate
  /** A run changed: its tasks may open gates. */
  changed(namespace: string, run: string): void
}

export interface PastTasksOptions {
  /** State of a task of a run; undefined when nothing is waited for. May reject: then it is asked again. */
  readonly stateOf: (namespace: string, run: string, task: string) => Promise<TaskStateWord | undefined>
  readonly onTrouble: (error: unknown) => void
}

const RETRY_MILLIS = 5_000

interface Waiting {
  readonly namespace: string
  readonly previous: string
  readonly task: string
  readonly open: () => void
  readonly onNews: () => void
  message: string
  looking: boolean
  again: boolean
}

export function createPastTasks({ stateOf, onTrouble }: PastTasksOptions): PastTasks {
  const gates = new Map<string, Set<Waiting>>()

  /** One look at a time for each gate; a change during it is looked at afterwards. */
  async function look(gate: Waiting): Promise<void> {
    gate.again = true
    if (gate.looking) return
    gate.looking = true
    try {
      while (gate.again && isWaiting(gate)) {
        gate.again = false
        const { namespace, previous, task } = gate
        const state = await stateOf(namespace, previous, task)
        const verdict = gateTask(task, state === undefined ? undefined : { [task]: state })
        if (verdict.open) return leave(gate)
        const message = `dependsOnPast: in run ${previous} this task is ${state}${verdict.failed ? '; retry or delete that run' : ''}`
        const isNews = message !== gate.message
        gate.message = message
        if (isNews) gate.onNews()
      }
    } catch (error) {
      onTrouble(error)
      setTimeout(() => void look(gate), RETRY_MILLIS).unref()
    } finally {
      gate.looking = false
    }
  }

  const keyOf = ({ namespace, previous }: Waiting): string => `${namespace}/${previous}`
  const isWaiting = (gate: Waiting): boolean => gates.get(keyOf(gate))?.has(gate) === true

  function leave(gate: Waiting): void {
    const same = gates.get(keyOf(gate))
    same?.delete(gate)
    if (same?.size === 0) gates.delete(keyOf(gate))
    gate.open()
  }

  return {
    enter(namespace, previous, task, onNews = () => {}) {
      const { promise: opened, resolve: open } = Promise.withResolvers<void>()
      const message = `dependsOnPast: waits for itself in run ${previous}`
      const gate: Waiting = { namespace, previous, task, open, onNews, message, looking: false, again: false }
      const same = gates.get(keyOf(gate)) ?? new Set()
      gates.set(keyOf(gate), same.add(gate))
      void look(gate)
      return { opened, why: () => gate.message, leave: () => leave(gate) }
    },
    changed(namespace, run) {
      for (const gate of [...(gates.get(`${namespace}/${run}`) ?? [])]) void look(gate)
    },
  }
}
