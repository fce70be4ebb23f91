/** Checks the platform document against the pipeline that it belongs to: whom settings are for, and where their wires lead. */
import { CHANNEL } from '../channels.ts'
import { abbreviate, type Findings, type Path, suggest } from '../parse/findings.ts'
import type { PipelineSpec } from '../pipeline-spec.ts'
import type { KubernetesExecutorConfig, PlatformSpec } from '../platform-spec.ts'
import { type PlacedWire, wireInGraph, wiresOfSettings } from '../platform-wires.ts'
import { isPodless } from '../wait.ts'
import { Scope, siblingsOf, type TaskNode } from './scope.ts'

export function checkPlatform(
  platform: PlatformSpec,
  spec: PipelineSpec | undefined,
  findings: Findings,
  basePath: Path,
): void {
  const settings = Object.entries(platform.platforms?.kubernetes?.deploymentSpec?.executors ?? {})
  if (spec === undefined || settings.length === 0) return
  const scope = new Scope(spec, findings, [])
  const labels = Object.keys(scope.executors)
  const known = new Set(labels)
  const steps = stepsByLabel(scope)
  for (const [label, config] of settings) {
    const path = [...basePath, 'platforms', 'kubernetes', 'deploymentSpec', 'executors', label]
    if (known.has(label)) {
      checkWires(config, path, steps.get(label) ?? [], scope)
    } else {
      const message = `the settings are for an executor "${abbreviate(label)}" that the pipeline does not have`
      findings.warn('unknown-executor', path, message, suggest(label, labels, 'known executors'))
    }
  }
}

/** The tasks that settings become pods of. */
function stepsByLabel(scope: Scope): Map<string, TaskNode[]> {
  const steps = new Map<string, TaskNode[]>()
  for (const parent of scope.all()) {
    for (const [key, task] of Object.entries(siblingsOf(parent))) {
      const component = scope.componentOf(task)
      const label = component?.spec.executorLabel
      const image = label === undefined ? undefined : scope.executors[label]?.container?.image
      if (label === undefined || image === undefined || isPodless(image)) continue
      const step = { key, task, path: [...parent.path, 'dag', 'tasks', key], parent, component }
      const same = steps.get(label)
      if (same) same.push(step)
      else steps.set(label, [step])
    }
  }
  return steps
}

/** One report for a wire, though several tasks may lack its end: the first says what to mend. */
function checkWires(config: KubernetesExecutorConfig, path: Path, steps: readonly TaskNode[], scope: Scope): void {
  for (const placed of wiresOfSettings(config)) {
    const lost = steps.filter(({ parent }) => wireInGraph(parent.spec, placed.wire) === undefined)
    const step = lost.find(({ parent }) => parent.reachable) ?? lost[0]
    const at = { ...placed, path: [...path, ...placed.path] }
    if (step) reportLost(at, step, scope)
    else for (const one of steps) if (warnOfOutput(at, one, scope)) break
  }
}

/** A pod without, say, its secret must not start: the step fails. */
function reportLost({ path, wire }: PlacedWire, { key, task, parent }: TaskNode, scope: Scope): void {
  const around = `${parent.name === 'root' ? 'the pipeline' : `component "${abbreviate(parent.name)}"`} around task "${abbreviate(key)}"`
  const { taskOutputParameter: output, componentInputParameter: input } = wire
  if (output) {
    if (output.producerTask === undefined) return
    const place = [...path, 'taskOutputParameter', 'producerTask']
    const message = `the setting reads an output of task "${abbreviate(output.producerTask)}", which ${around} does not have`
    const hint = suggest(output.producerTask, Object.keys(siblingsOf(parent)), 'its tasks')
    scope.report(parent, 'unknown-task', place, message, hint)
  } else if (input !== undefined) {
    const message = `the setting reads the input "${abbreviate(input)}", which ${around} does not have`
    const inputs = Object.keys(parent.spec.inputDefinitions?.parameters ?? {})
    const hint =
      task.inputs?.parameters?.[input] === undefined
        ? (suggest(input, inputs.map(plain), 'its inputs') ?? 'it has no inputs: declare one, or give a constant')
        : `"${abbreviate(input)}" is an input of the task itself: wire the setting as inputs.parameters of the task wires it`
    scope.report(parent, 'unknown-input', [...path, 'componentInputParameter'], message, hint)
  }
}

/** A setting may name what a group's input was made of. */
const plain = (name: string): string => (name.startsWith(CHANNEL) ? name.slice(CHANNEL.length) : name)

/** Not an error: the pod starts without the setting. */
function warnOfOutput({ path, wire }: PlacedWire, { parent }: TaskNode, scope: Scope): boolean {
  const { producerTask = '', outputParameterKey: key } = wire.taskOutputParameter ?? {}
  const producer = scope.componentOf(siblingsOf(parent)[producerTask])?.spec
  const outputs = { ...producer?.dag?.outputs?.parameters, ...producer?.outputDefinitions?.parameters }
  if (!producer || key === undefined || Object.hasOwn(outputs, key)) return false
  const message = `task "${abbreviate(producerTask)}" has no output parameter "${abbreviate(key)}": the setting is left out`
  const place = [...path, 'taskOutputParameter', 'outputParameterKey']
  const hint = suggest(key, Object.keys(outputs), 'its outputs') ?? 'it has no outputs: give a constant'
  scope.findings.warn('unknown-output', place, message, hint)
  return true
}
