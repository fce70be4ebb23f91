/** Which waiting runs may start, and in one sentence why the others wait. Pure. */
import type { Limits } from './settings.ts'

export interface WaitingRun {
  readonly key: string
  readonly namespace: string
  /** Name that the run's label gives; runs without one share no limit. */
  readonly pipeline?: string | undefined
  readonly pool?: string | undefined
  readonly priority: number
  readonly createdAt: number
}
export type ActiveRun = Pick<WaitingRun, 'namespace' | 'pipeline' | 'pool'>

export interface Admission {
  readonly start: readonly string[]
  /** Key to the reason why it waits. */
  readonly waiting: ReadonlyMap<string, string>
}

/** Runs with a higher priority go first, then the older ones; a run held by its own limit does not hold up others. */
export function admit(waiting: readonly WaitingRun[], active: readonly ActiveRun[], limits: Limits): Admission {
  const counts = countActive(active)
  const start: string[] = []
  const held = new Map<string, string>()
  for (const run of [...waiting].sort(byTurn)) {
    const reason = reasonToWait(run, counts, limits)
    if (reason) {
      held.set(run.key, `${reason}; ${held.size} runs are before it in the queue`)
      continue
    }
    start.push(run.key)
    counts.add(run)
  }
  return { start, waiting: held }
}

const byTurn = (a: WaitingRun, b: WaitingRun): number =>
  b.priority - a.priority || a.createdAt - b.createdAt || (a.key < b.key ? -1 : 1)

function countActive(active: readonly ActiveRun[]) {
  const counts = new Map<string, number>()
  let total = 0
  const bump = (key: string): void => void counts.set(key, (counts.get(key) ?? 0) + 1)
  const add = ({ namespace, pipeline, pool }: ActiveRun): void => {
    total++
    bump(`namespace/${namespace}`)
    if (pipeline) bump(`pipeline/${namespace}/${pipeline}`)
    if (pool) bump(`pool/${pool}`)
  }
  for (const run of active) add(run)
  return { add, of: (key: string) => counts.get(key) ?? 0, total: () => total }
}

function reasonToWait(run: WaitingRun, counts: ReturnType<typeof countActive>, limits: Limits): string | undefined {
  const { namespace, pipeline, pool } = run
  if (counts.total() >= limits.activeRuns) return `the cluster's limit of ${limits.activeRuns} active runs is reached`
  if (counts.of(`namespace/${namespace}`) >= limits.activeRunsPerNamespace) {
    return `the limit of ${limits.activeRunsPerNamespace} active runs in namespace "${namespace}" is reached`
  }
  if (pipeline && counts.of(`pipeline/${namespace}/${pipeline}`) >= limits.activeRunsPerPipeline) {
    return `the limit of ${limits.activeRunsPerPipeline} active runs of pipeline "${pipeline}" is reached`
  }
  if (!pool) return undefined
  const width = limits.pools[pool]
  if (width === undefined) return `the operator has no pool "${pool}"`
  return counts.of(`pool/${pool}`) >= width
    ? `the limit of ${width} active runs in pool "${pool}" is reached`
    : undefined
}
