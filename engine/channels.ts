/**
 * Inputs that the SDK's compiler made for groups: `pipelinechannel--<name>` (kfp-ir.md 1.6, 2.7). For what stands inside a text or a
 * Kubernetes setting it forgets some: items of outer loops are not handed on to inner ones, and a field of an item is an input
 * `<item>-subvar-<field>` that nobody fills and every group around lists. Their names are unique in a pipeline, so they are found. Pure.
 */
import { isChannel, itemOfField } from '../api/channels.ts'
import type { JsonValue } from '../api/json.ts'
import { selectValue } from './condition.ts'
import { parentPath, planOf, ROOT, type RunView, scopeParameter } from './tree.ts'
import type { TaskPath } from './types.ts'

/**
 * An input of the graph, or of a group around it up to the pipeline that they are of.
 *
 * @throws TaskError when it is a field that its item does not have
 */
export function inputInReach(view: RunView, scope: TaskPath, name: string): JsonValue | undefined {
  for (let at = scope; ; ) {
    const value = scopeParameter(view, at, name) ?? itemField(view, at, name)
    if (value !== undefined) return value
    const node = view.state.tasks[at]!
    // Only groups have no caching options: what has some is a pipeline in a pipeline, with names of its own.
    const isPipeline = at === ROOT || (node.index === undefined && planOf(view, node).spec.cachingOptions !== undefined)
    if (isPipeline || !isChannel(name)) return undefined
    at = parentPath(at, node)
  }
}

function itemField(view: RunView, scope: TaskPath, name: string): JsonValue | undefined {
  const item = itemOfField(name)
  const value = item && scopeParameter(view, scope, item.name)
  return value === undefined || value === null
    ? undefined
    : selectValue(`parseJson(string_value)["${item!.field}"]`, value)
}
