/**
 * Wires of Kubernetes settings (kfp-ir.md 4.2): which there are, and where in the graph around a step they lead. Compilers did not always
 * carry them along into loops and conditions. Pure. After: the check of the platform document, and engine/platform-wires.ts.
 */
import { CHANNEL, itemOfField } from './channels.ts'
import type { ComponentSpec, TaskInputParameterSpec } from './pipeline-spec.ts'

/**
 * The wire by names that the graph around the step knows; undefined when it leads nowhere. What crosses the border of a group is an
 * input of the group, `pipelinechannel--<name>`; older compilers wrote the outer name, and newer ones write that of a loop item's field.
 */
export function wireInGraph(graph: ComponentSpec, wire: TaskInputParameterSpec): TaskInputParameterSpec | undefined {
  const inputs = graph.inputDefinitions?.parameters ?? {}
  const isInput = (name: string) => Object.hasOwn(inputs, name)
  const { taskOutputParameter: output, componentInputParameter: input } = wire
  if (output && !Object.hasOwn(graph.dag?.tasks ?? {}, output.producerTask)) {
    const name = `${CHANNEL}${output.producerTask}-${output.outputParameterKey}`
    return isInput(name) ? { componentInputParameter: name } : undefined
  }
  if (input === undefined || isInput(input)) return wire
  const outer = `${CHANNEL}${input}`
  const item = itemOfField(outer)
  const known = isInput(outer) || (item !== undefined && isInput(item.name))
  return known ? { ...wire, componentInputParameter: outer } : undefined
}

export interface PlacedWire {
  /** Of the object that has `taskOutputParameter` or `componentInputParameter`, from the settings on. */
  readonly path: readonly (string | number)[]
  readonly wire: TaskInputParameterSpec
}

/** Every wire of an executor's settings: values of fields that end in `NameParameter` or `Json`. */
export function* wiresOfSettings(settings: object, path: PlacedWire['path'] = []): Generator<PlacedWire> {
  for (const [key, value] of Object.entries(settings) as [string, unknown][]) {
    if (typeof value !== 'object' || value === null) continue
    const place = [...path, Array.isArray(settings) ? Number(key) : key]
    if (/(NameParameter|Json)$/.test(key)) yield { path: hasSame(settings, value) ? path : place, wire: value }
    else yield* wiresOfSettings(value, place)
  }
}

/** Old claims have the wire's fields in the entry; reading copied them into `pvcNameParameter` (parse/modernise.ts). */
function hasSame(entry: object, wire: TaskInputParameterSpec): boolean {
  const { taskOutputParameter, componentInputParameter } = entry as TaskInputParameterSpec
  return taskOutputParameter
    ? taskOutputParameter === wire.taskOutputParameter
    : componentInputParameter !== undefined && componentInputParameter === wire.componentInputParameter
}
