/** What would a run do? Plays it forward as far as can be known without starting a step, and says why each task runs or not. Pure. */
import type { RunError, TaskStateWord } from '../api/run-report.ts'
import { advance } from './advance.ts'
import { mayCache } from './cache-key.ts'
import { pendingActions } from './pending-actions.ts'
import type { Program, TaskPlan } from './program.ts'
import { mayReuse } from './reuse-key.ts'
import { hasEnded, type RunState, type TaskNode } from './run-state.ts'
import { isLoop, parentPath, planOf, type RunView, siblingPath } from './tree.ts'
import type { Action, CacheAnswer, Instant, PartChange, RunEvent, TaskPath } from './types.ts'
import { type Visited, walkTasks } from './walk.ts'

/**
 * `keep`: finished in this run already. `reuse`: taken over from the run that is reused. `cache`: the cache has its result.
 * `run`: it runs. `depends`: runs unless its inputs turn out to be those of an earlier result. `skip`: not needed. `fail`: can't run.
 */
export type Decision = 'keep' | 'reuse' | 'cache' | 'run' | 'depends' | 'skip' | 'fail'

/** One step, and what will become of it. */
export interface ForeseenTask {
  /** `[*]` stands for iterations that are not known yet. */
  readonly task: TaskPath
  readonly decision: Decision
  /** One plain sentence without its full stop. */
  readonly reason: string
  readonly changes?: readonly PartChange[]
  /** Where a result comes from. */
  readonly source?: { readonly runId: string; readonly task: TaskPath }
}

/** Answers a question of the engine (`find-reusable`, `look-up-cache`, `import-artifact`) without changing anything. */
export type Ask = (action: Action) => Promise<RunEvent | undefined>

/**
 * @param state of a run that did not begin, stopped, or ended; it is used up: pass a state of your own
 * @param first what would be sent to it: `started`, `retry-requested`, or `clock` for one that was interrupted
 */
export async function foresee(
  program: Program,
  state: RunState,
  first: RunEvent,
  ask: Ask,
  now: Instant,
): Promise<ForeseenTask[]> {
  const before = new Map(walkTasks({ program, state }).map((visited) => [visited.path, memoryOf(visited)]))
  const answers = new Map<TaskPath, CacheAnswer>()
  const owed = pendingActions(program, state, now)
  const step = advance(program, state, first, now)
  let actions = [...owed, ...step.actions]
  let current = step.state
  while (actions.length > 0) {
    const events = await Promise.all(actions.map(ask))
    actions = []
    for (const event of events) {
      if (!event) continue
      if (event.kind === 'reuse-answered' || (event.kind === 'cache-answered' && !isMissBoth(answers, event)))
        answers.set(event.task, event.answer)
      const next = advance(program, current, event, now)
      current = next.state
      actions.push(...next.actions)
    }
  }
  const view: RunView = { program, state: current }
  return walkTasks(view).flatMap((visited) => foreseenOf({ view, before, answers }, visited))
}

/** The reason of the run that is reused says more than that the cache had nothing either. */
function isMissBoth(answers: ReadonlyMap<TaskPath, CacheAnswer>, event: { task: TaskPath; answer: CacheAnswer }) {
  return !event.answer.hit && answers.has(event.task)
}

/** What a task was before: the node itself is changed in place. */
interface Memory {
  readonly node: TaskNode
  readonly state: TaskStateWord
  readonly error?: RunError
  readonly wasBlocked: boolean
}

const memoryOf = ({ node }: Visited): Memory => ({
  node,
  state: node.state,
  wasBlocked: node.blocked === true,
  ...(node.error ? { error: node.error } : {}),
})

interface Outlook {
  readonly view: RunView
  readonly before: ReadonlyMap<TaskPath, Memory>
  readonly answers: ReadonlyMap<TaskPath, CacheAnswer>
}

function foreseenOf(outlook: Outlook, visited: Visited): ForeseenTask[] {
  const { path, node, plan } = visited
  const isGroup = !plan.component.leaf || isLoop(plan, node)
  if (isGroup && node.open !== undefined) return laterIterations(visited)
  if (isGroup && !hasEnded(node)) {
    const { decision, reason } = waitingOutlook(outlook, visited)
    return leavesBelow(plan, path).map((task) => ({ task, decision, reason }))
  }
  return [{ task: path, ...leafOutlook(outlook, visited) }]
}

/** A loop starts only so many iterations at once. */
function laterIterations({ path, node }: Visited): ForeseenTask[] {
  if (node.total === undefined || node.next! >= node.total || hasEnded(node)) return []
  const reason = `iterations ${node.next} to ${node.total - 1} are looked at when the ones before them end`
  return [{ task: `${path}[*]`, decision: 'depends', reason }]
}

function leavesBelow(plan: TaskPlan, path: TaskPath): TaskPath[] {
  const own = plan.loop ? `${path}[*]` : path
  if (plan.component.leaf) return [own]
  return plan.component.tasks!.flatMap((inner) => leavesBelow(inner, siblingPath(own, inner.key)))
}

type Outcome = Omit<ForeseenTask, 'task'>

function leafOutlook(outlook: Outlook, visited: Visited): Outcome {
  const { path, node } = visited
  const old = outlook.before.get(path)
  const isOld = old !== undefined && old.node === node && old.state === node.state
  if (node.state === 'SKIPPED')
    return { decision: 'skip', reason: node.blocked ? 'a task before it can not run' : 'its condition does not hold' }
  if (isOld && hasEnded(node)) {
    if (node.state === 'SUCCEEDED' || node.state === 'CACHED') return { decision: 'keep', reason: 'it finished' }
    return { decision: 'run', reason: reasonBefore(old) }
  }
  if (node.state === 'CACHED') return takenOver(outlook, visited)
  if (node.state === 'SUCCEEDED') return { decision: 'run', reason: 'it is made again, without a pod' }
  if (hasEnded(node)) return { decision: 'fail', reason: node.error?.message ?? 'it can not run' }
  if (node.phase === 'cache' || node.phase === 'reuse')
    return { decision: 'depends', reason: 'it runs unless the cache has its result, which is not known here' }
  return node.phase === undefined ? waitingOutlook(outlook, visited) : { decision: 'run', ...whyRuns(outlook, visited) }
}

function takenOver({ view, answers }: Outlook, { path }: Visited): Outcome {
  const answer = answers.get(path)
  if (!answer?.hit) return { decision: 'keep', reason: 'it finished' }
  const source = { runId: answer.sourceRunId, task: answer.sourceTask }
  const isReused = view.state.config.reuse?.runId === source.runId
  const reason = `${isReused ? 'nothing of it changed since' : 'the same was done in'} run ${
    isReused ? view.state.config.reuse!.runName : source.runId
  }${source.task === path ? '' : ` (as ${short(source.task)})`}`
  return { decision: isReused ? 'reuse' : 'cache', reason, source }
}

function whyRuns(outlook: Outlook, { path, plan }: Visited): Pick<Outcome, 'reason' | 'changes'> {
  const { view, before, answers } = outlook
  const { config } = view.state
  const answer = answers.get(path)
  const old = before.get(path)
  if (answer && !answer.hit) return { reason: answer.reason, ...(answer.changes ? { changes: answer.changes } : {}) }
  if (old) return { reason: reasonBefore(old) }
  if (plan.component.leaf!.kind !== 'container') return { reason: 'it costs no pod and is done each time' }
  if (config.reuse) return { reason: 'it runs however the tasks before it ended, so always' }
  if (before.size > 0) return { reason: 'it was never started' }
  return { reason: config.cache === false ? 'the cache is turned off for this run' : 'the pipeline does not cache it' }
}

function reasonBefore({ state, error, wasBlocked }: Memory): string {
  switch (state) {
    case 'FAILED':
      return `it failed${error ? ` (${error.code}): ${error.message.split('\n')[0]}` : ''}`
    case 'CANCELED':
      return 'it was canceled'
    case 'RUNNING':
      return 'it was running when the run stopped'
    case 'SUCCEEDED':
    case 'CACHED':
      return 'a task before it runs again, and its output may change'
    default:
      return wasBlocked || state === 'PENDING' ? 'it was never started' : 'a task before it runs again'
  }
}

function waitingOutlook({ view, before }: Outlook, { path, node, plan }: Visited): Outcome {
  const scope = parentPath(path, node)
  const siblings = planOf(view, view.state.tasks[scope]!).component.tasks!
  const open = plan.upstream
    .map((position) => siblings[position]!.key)
    .filter((key) => !hasEnded(view.state.tasks[siblingPath(scope, key)]!))
  const names = open.join(', ')
  const old = before.get(path)
  const hadResult = old?.state === 'SUCCEEDED' || old?.state === 'CACHED'
  const verb = open.length === 1 ? 'runs' : 'run'
  const mayBeFound = mayReuse(view, path) || (plan.component.leaf && mayCache(plan, view.state.config))
  if (mayBeFound)
    return {
      decision: 'depends',
      reason: `${names} ${verb} first; it runs unless its inputs are those of an earlier result`,
    }
  if (hadResult) return { decision: 'run', reason: `${names} ${verb} again, and its output may change` }
  return { decision: 'run', reason: old ? `it was never started; ${names} ${verb} first` : `${names} ${verb} first` }
}

const short = (task: TaskPath): string => task.replace(/^root\//, '')
