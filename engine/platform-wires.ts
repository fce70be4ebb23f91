/** Wires of the platform document, which compilers did not always carry along into loops and conditions (kfp-ir.md 4.2). Pure. */
import type { TaskInputParameterSpec } from '../api/pipeline-spec.ts'
import { itemOfField } from './channels.ts'
import { TaskError } from './task-error.ts'
import { planOf, type RunView } from './tree.ts'
import type { TaskPath } from './types.ts'

/**
 * The wire by names that the graph around the step knows. What crosses the border of a group is an input of the group,
 * `pipelinechannel--<name>`; older compilers wrote the outer name, and newer ones write that of a loop item's field.
 *
 * @throws TaskError when it leads nowhere: a step must not start without, say, its secret
 */
export function wireInScope(view: RunView, scope: TaskPath, wire: TaskInputParameterSpec): TaskInputParameterSpec {
  const { spec } = planOf(view, view.state.tasks[scope]!).component
  const inputs = spec.inputDefinitions?.parameters ?? {}
  const isInput = (name: string) => Object.hasOwn(inputs, name)
  const { taskOutputParameter: output, componentInputParameter: input } = wire
  if (output && !Object.hasOwn(spec.dag?.tasks ?? {}, output.producerTask)) {
    const name = `pipelinechannel--${output.producerTask}-${output.outputParameterKey}`
    if (isInput(name)) return { componentInputParameter: name }
    throw lost(`"${output.outputParameterKey}" of ${output.producerTask}`, 'no task beside the step is called so')
  }
  if (input === undefined || isInput(input)) return wire
  const outer = `pipelinechannel--${input}`
  if (isInput(outer)) return { ...wire, componentInputParameter: outer }
  const item = itemOfField(outer)
  if (item !== undefined && isInput(item.name)) return { ...wire, componentInputParameter: outer }
  throw lost(`the input "${input}"`, `the inputs around the step are: ${Object.keys(inputs).join(', ') || 'none'}`)
}

const lost = (what: string, why: string): TaskError =>
  new TaskError('missing-input', `a Kubernetes setting reads ${what}: ${why}`)
