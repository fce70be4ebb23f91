/** Exit tasks run after everything: nothing may wait for them, and they wait for their handler only. */
import type { Issue } from '../../api/issue.ts'
import type { PipelineGraph, TaskNode } from '../../dsl/graph.ts'
import type { AnyRef } from '../../dsl/refs.ts'
import { makeIssue } from '../../dsl/scope.ts'
import { conditionRefs, refsOfTask } from '../lower/task-refs.ts'
import { allGroups } from '../lower/topology.ts'

export function checkExitTasks(graph: PipelineGraph): readonly Issue[] {
  const isExit = graph.tasks.some(({ exitOf }) => exitOf)
  if (!isExit) return []
  return [...graph.tasks.flatMap(checkTask), ...checkConditions(graph), ...checkOutputs(graph)]
}

function checkTask(task: TaskNode): Issue[] {
  const refs = refsOfTask(task)
  const waitsFor = [
    ...refs.flatMap(producersOf),
    ...task.after.flatMap(({ node }) => (node.kind === 'task' ? [node] : [])),
  ]
  if (task.exitOf) return waitsFor.length > 0 || task.after.length > 0 ? [waiting(task)] : []
  return waitsFor.filter(({ exitOf }) => exitOf).map((exit) => used(exit, task.site))
}

function checkConditions(graph: PipelineGraph): Issue[] {
  return allGroups(graph.root).flatMap((group) => {
    const refs: readonly AnyRef[] = group.kind === 'condition' ? conditionRefs(group) : []
    return refs.flatMap(producersOf).flatMap((task) => (task.exitOf ? [used(task, group.site)] : []))
  })
}

function checkOutputs(graph: PipelineGraph): Issue[] {
  return [...graph.outputs.values()]
    .flatMap(producersOf)
    .flatMap((task) => (task.exitOf ? [used(task, graph.model.site)] : []))
}

function waiting(task: TaskNode): Issue {
  return makeIssue({
    code: 'exit-task-waits',
    message: `exit task "${task.key}" uses or waits for another task`,
    hint: 'an exit task may use constants and inputs of the pipeline only: it also runs when the other task has failed',
    site: task.site,
  })
}

function used(task: TaskNode, site: TaskNode['site']): Issue {
  return makeIssue({
    code: 'exit-task-used',
    message: `something uses or waits for the exit task "${task.key}"`,
    hint: 'an exit task runs last: move what needs it into the exit task, or make it an ordinary task',
    site,
  })
}

function producersOf(ref: AnyRef): readonly TaskNode[] {
  const { source } = ref
  switch (source.from) {
    case 'task':
      return [source.task]
    case 'field':
    case 'collected':
      return producersOf(source.of)
    case 'loop':
      return source.loop.items.kind === 'static' ? [] : producersOf(source.loop.items.ref)
    case 'one-of':
      return source.choices.flatMap(producersOf)
    case 'input':
      return []
  }
}
