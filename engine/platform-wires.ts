/** Follows a wire of the platform document from a step. Where it leads: api/platform-wires.ts. Pure. */
import type { TaskInputParameterSpec } from '../api/pipeline-spec.ts'
import { wireInGraph } from '../api/platform-wires.ts'
import { TaskError } from './task-error.ts'
import { planOf, type RunView } from './tree.ts'
import type { TaskPath } from './types.ts'

/**
 * The wire by names that the graph around the step knows.
 *
 * @throws TaskError when it leads nowhere: a step must not start without, say, its secret
 */
export function wireInScope(view: RunView, scope: TaskPath, wire: TaskInputParameterSpec): TaskInputParameterSpec {
  const { spec } = planOf(view, view.state.tasks[scope]!).component
  const found = wireInGraph(spec, wire)
  if (found) return found
  const { taskOutputParameter: output, componentInputParameter: input } = wire
  if (output)
    throw lost(`"${output.outputParameterKey}" of ${output.producerTask}`, 'no task beside the step is called so')
  const inputs = Object.keys(spec.inputDefinitions?.parameters ?? {})
  throw lost(`the input "${input}"`, `the inputs around the step are: ${inputs.join(', ') || 'none'}`)
}

const lost = (what: string, why: string): TaskError =>
  new TaskError('missing-input', `a Kubernetes setting reads ${what}: ${why}`)
