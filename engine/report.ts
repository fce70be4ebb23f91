/** A run's state in the words of its users. */
import type { RuntimeArtifact, TaskOutputs } from '../api/executor-io.ts'
import type { JsonValue } from '../api/json.ts'
import type { RunError, RunReport, TaskReport } from '../api/run-report.ts'
import type { WaitKind } from '../api/wait.ts'
import { plainArtifact } from './placeholders.ts'
import type { Program } from './program.ts'
import { timeText } from './run-constants.ts'
import type { RunState, TaskNode } from './run-state.ts'
import { planOf, ROOT, type RunView } from './tree.ts'
import { type Visited, walkTasks } from './walk.ts'

/** Groups (graphs, loops, conditions) are tasks too. Cost: the size of the run. */
export function report(program: Program, state: RunState): RunReport {
  const view: RunView = { program, state }
  const root = state.tasks[ROOT]!
  const error = runError(state, root)
  return {
    runId: state.config.runId,
    pipeline: program.pipelineName,
    state: state.state,
    outputs: runOutputs(view, root),
    tasks: walkTasks(view).map(taskReport),
    ...(error ? { error } : {}),
  }
}

function runError(state: RunState, root: TaskNode): RunError | undefined {
  if (state.state === 'SUCCEEDED') return undefined
  if (state.stop) return { code: state.stop.reason, message: state.stop.message }
  return root.error
}

const NO_OUTPUTS: TaskOutputs = { parameters: {}, artifacts: {} }

function taskReport({ path, node, plan }: Visited): TaskReport {
  return {
    path,
    name: plan.spec.taskInfo?.name ?? plan.key,
    state: node.state,
    cached: node.state === 'CACHED',
    attempts: node.attempt ?? 0,
    ...(node.startTime === undefined ? {} : { startTime: timeText(node.startTime) }),
    ...(node.endTime === undefined ? {} : { endTime: timeText(node.endTime) }),
    outputs: node.outputs ?? NO_OUTPUTS,
    ...(node.image === undefined ? {} : { image: node.image }),
    ...(node.error ? { error: node.error } : {}),
    ...waitingFor(node, plan),
  }
}

/** What a task without a pod waits for; no inputs are resolved for it, as a report may hold ten thousand such tasks. */
function waitingFor(node: TaskNode, { component }: Visited['plan']): { waitingFor?: string } {
  if (node.phase !== 'running' || component.leaf?.kind !== 'wait') return {}
  if (node.waitUntil !== undefined) return { waitingFor: `until ${timeText(node.waitUntil)}` }
  return { waitingFor: node.seen ?? WAITS_FOR[component.leaf.wait!] }
}

const WAITS_FOR: Readonly<Record<WaitKind, string>> = {
  time: 'a time',
  http: 'an HTTP answer',
  object: 'an object',
  resource: 'a resource of the cluster',
  run: 'another run',
  alias: 'an alias of a model',
}

function runOutputs(view: RunView, root: TaskNode): Record<string, JsonValue> {
  const declared = planOf(view, root).component.spec.outputDefinitions?.artifacts ?? {}
  const { parameters, artifacts } = root.outputs ?? NO_OUTPUTS
  const outputs: Record<string, JsonValue> = { ...parameters }
  for (const [name, list] of Object.entries(artifacts)) {
    const plain = list.map((artifact) => toJson(plainArtifact(artifact)))
    const value = declared[name]?.isArtifactList ? plain : plain[0]
    if (value !== undefined) outputs[name] = value
  }
  return outputs
}

const toJson = (artifact: RuntimeArtifact): JsonValue => artifact as unknown as JsonValue
