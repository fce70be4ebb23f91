/** Inputs of a task from where its wires lead: literals, the graph around it, outputs of siblings, final states (kfp-ir.md 2.1, 2.2). */
import { isChannel, itemOfField } from '../api/channels.ts'
import type { RuntimeArtifact } from '../api/executor-io.ts'
import type { JsonObject, JsonValue } from '../api/json.ts'
import type { TaskInputParameterSpec } from '../api/pipeline-spec.ts'
import { pathOfArtifact } from './artifact-paths.ts'
import { inputInReach } from './channels.ts'
import { selectValue } from './condition.ts'
import { convertValue, describe } from './convert-value.ts'
import { canonicalJson } from './digest.ts'
import { finalStatus } from './final-status.ts'
import { type PlaceholderScope, substituteDeep } from './placeholders.ts'
import { wireInScope } from './platform-wires.ts'
import type { ComponentPlan, TaskPlan } from './program.ts'
import type { ResolvedInputs } from './resolved-inputs.ts'
import { runConstant } from './run-constants.ts'
import { TaskError } from './task-error.ts'
import {
  iterationInputs,
  parentPath,
  planOf,
  type RunView,
  scopeArtifacts,
  scopeParameter,
  siblingPath,
} from './tree.ts'
import type { TaskPath } from './types.ts'

/**
 * All inputs of a task with defaults filled in, converted to the declared types.
 *
 * @throws TaskError when a required input is missing, or a value does not fit
 */
export function resolveInputs(view: RunView, path: TaskPath): ResolvedInputs {
  const node = view.state.tasks[path]!
  if (node.index !== undefined) return iterationInputs(view, path, node)
  return new InputResolver(view, path, parentPath(path, node), planOf(view, node)).resolve()
}

/**
 * A value of the Kubernetes configuration, which is wired like an input. null means absent.
 *
 * @throws TaskError when the wire leads nowhere
 */
export function resolvePlatformParameter(
  view: RunView,
  path: TaskPath,
  spec: TaskInputParameterSpec,
  inputs: ResolvedInputs,
): JsonValue {
  const node = view.state.tasks[path]!
  const taskPath = node.index === undefined ? path : parentPath(path, node)
  const scope = parentPath(taskPath, view.state.tasks[taskPath]!)
  const wire = wireInScope(view, scope, spec)
  return new InputResolver(view, path, scope, planOf(view, node), inputs).value(wire) ?? null
}

class InputResolver {
  private readonly view: RunView
  private readonly scope: TaskPath
  private readonly plan: TaskPlan
  private readonly component: ComponentPlan
  private readonly parameters: Record<string, JsonValue>
  private readonly artifacts: Record<string, readonly RuntimeArtifact[]>
  /** Inputs on the way to the one being resolved: texts may mention other inputs of the task. */
  private readonly open = new Set<string>()
  private readonly done = new Set<string>()
  private readonly placeholders: PlaceholderScope

  constructor(view: RunView, path: TaskPath, scope: TaskPath, plan: TaskPlan, known?: ResolvedInputs) {
    this.view = view
    this.scope = scope
    this.plan = plan
    this.component = plan.component
    this.parameters = { ...known?.parameters }
    this.artifacts = { ...known?.artifacts }
    for (const name of Object.keys(this.parameters)) this.done.add(name)
    const { config } = view.state
    this.placeholders = {
      constant: (name) => runConstant(view, path, plan, name),
      parameter: (name) => this.parameter(name),
      artifacts: (name) => this.artifacts[name],
      pathOf: (artifact) => pathOfArtifact(artifact, config),
    }
  }

  resolve(): ResolvedInputs {
    this.resolveArtifacts()
    for (const name in this.plan.spec.inputs?.parameters) this.parameter(name)
    const item = this.plan.loop?.over === 'parameters' ? this.plan.loop.itemInput : undefined
    for (const name of this.component.parameterTypes.keys()) if (name !== item) this.parameter(name)
    return { parameters: this.parameters, artifacts: this.artifacts }
  }

  private resolveArtifacts(): void {
    const wires = this.plan.spec.inputs?.artifacts ?? {}
    const declared = this.component.spec.inputDefinitions?.artifacts ?? {}
    for (const [name, wire] of Object.entries(wires)) {
      const list = this.artifactList(wire)
      if (!list) continue
      const takesOne = this.component.leaf !== undefined && declared[name]?.isArtifactList !== true && !this.plan.loop
      this.artifacts[name] = takesOne && list.length > 1 ? list.slice(0, 1) : list
    }
    const item = this.plan.loop?.over === 'artifacts' ? this.plan.loop.itemInput : undefined
    for (const [name, input] of Object.entries(declared))
      if (!this.artifacts[name] && input.isOptional !== true && name !== item)
        throw new TaskError('missing-input', `the artifact "${name}" is required and was not given`)
  }

  private artifactList(wire: NonNullable<NonNullable<TaskPlan['spec']['inputs']>['artifacts']>[string]) {
    const { taskOutputArtifact: output, componentInputArtifact: input } = wire
    if (input !== undefined) return scopeArtifacts(this.view, this.scope, input)
    if (!output) return undefined
    return this.view.state.tasks[siblingPath(this.scope, output.producerTask)]?.outputs?.artifacts[
      output.outputArtifactKey
    ]
  }

  private parameter(name: string): JsonValue | undefined {
    if (this.done.has(name)) return Object.hasOwn(this.parameters, name) ? this.parameters[name] : undefined
    if (this.open.has(name)) throw new TaskError('cycle', `the input "${name}" mentions itself`)
    this.open.add(name)
    const value = this.settle(name)
    this.open.delete(name)
    this.done.add(name)
    if (value !== undefined && value !== null) this.parameters[name] = value
    return value ?? undefined
  }

  /** Given value, else default; converted; checked. */
  private settle(name: string): JsonValue | undefined {
    const wire = own(this.plan.spec.inputs?.parameters, name)
    const declared = own(this.component.spec.inputDefinitions?.parameters, name)
    const given = (wire && this.value(wire, name)) ?? declared?.defaultValue
    const isOfGroup = this.component.spec.dag !== undefined && isChannel(name)
    if (given === undefined || given === null) {
      const type = declared?.parameterType
      if (!declared || declared.isOptional || type === 'TASK_CONFIG' || isOfGroup) return undefined
      throw new TaskError('missing-input', `the parameter "${name}" is required and was not given`)
    }
    const converted = convertValue(given, this.component.parameterTypes.get(name))
    if ('problem' in converted) {
      if (isOfGroup && itemOfField(name)) return given
      throw new TaskError('wrong-type', `the parameter "${name}": ${converted.problem}`)
    }
    const { value } = converted
    if (
      declared?.literals?.length &&
      !declared.literals.some((literal) => canonicalJson(literal) === canonicalJson(value))
    )
      throw new TaskError(
        'not-allowed',
        `the parameter "${name}" got ${describe(value)}, not one of the allowed values`,
      )
    return value
  }

  /** What a wire carries; undefined or null when nothing arrives. */
  value(wire: TaskInputParameterSpec, name = ''): JsonValue | undefined {
    const value = this.source(wire, name)
    const selector = wire.parameterExpressionSelector
    return selector && value !== undefined && value !== null ? selectValue(selector, value) : value
  }

  private source(wire: TaskInputParameterSpec, name: string): JsonValue | undefined {
    const { componentInputParameter, taskOutputParameter, runtimeValue, taskFinalStatus } = wire
    if (componentInputParameter !== undefined) return inputInReach(this.view, this.scope, componentInputParameter)
    if (taskOutputParameter) return this.outputOf(taskOutputParameter, name)
    if (taskFinalStatus) return finalStatus(this.view, siblingPath(this.scope, taskFinalStatus.producerTask))
    if (runtimeValue?.runtimeParameter !== undefined)
      return scopeParameter(this.view, this.scope, runtimeValue.runtimeParameter)
    const constant = runtimeValue?.constant ?? oldConstant(runtimeValue?.constantValue)
    return constant === undefined ? undefined : substituteDeep(constant, this.placeholders)
  }

  private outputOf(wire: NonNullable<TaskInputParameterSpec['taskOutputParameter']>, name: string) {
    const producer = this.view.state.tasks[siblingPath(this.scope, wire.producerTask)]
    const value = own(producer?.outputs?.parameters, wire.outputParameterKey)
    if (value !== undefined && value !== null) return value
    if (this.plan.runsAlways || name === '' || own(this.component.spec.inputDefinitions?.parameters, name)?.isOptional)
      return undefined
    const message = `the parameter "${name}" reads "${wire.outputParameterKey}" of ${wire.producerTask}, which did not produce it`
    throw new TaskError('missing-input', message)
  }
}

/** Deprecated `{intValue | doubleValue | stringValue}`; integers of the wire may be text. */
function oldConstant(value: JsonObject | undefined): JsonValue | undefined {
  if (!value) return undefined
  if (value['intValue'] !== undefined) return Number(value['intValue'])
  return value['doubleValue'] ?? value['stringValue']
}

function own<T>(record: Readonly<Record<string, T>> | undefined, name: string): T | undefined {
  return record && Object.hasOwn(record, name) ? record[name] : undefined
}
