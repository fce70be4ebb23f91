/** A component alone as a pipeline of one task: its inputs and outputs are the pipeline's. This is what component files hold. */
import { createTask } from '../dsl/create-task.ts'
import type { ComponentModel, PipelineModel } from '../dsl/graph.ts'
import { sanitizeName } from '../dsl/names.ts'

/** Any component, whatever its inputs and outputs. */
export interface AnyComponent {
  readonly kind: 'component'
  readonly model: ComponentModel
}

export function pipelineAround(component: ComponentModel): PipelineModel {
  return {
    name: sanitizeName(component.name),
    ...(component.description === undefined ? {} : { description: component.description }),
    inputs: component.inputs,
    isComponent: true,
    body: (inputs: object) => createTask(component, { ...inputs }).outputs,
    site: component.site,
  }
}
