/** Mistakes that only the whole of a traced pipeline shows: names, empty blocks, cycles. Before: tracing. Beside: lowering. */
import type { Issue } from '../../api/issue.ts'
import { type GroupNode, groupKey, type PipelineGraph, type TaskNode } from '../../dsl/graph.ts'
import type { CallSite } from '../../dsl/location.ts'
import { makeIssue } from '../../dsl/scope.ts'
import { constantProblem } from '../../dsl/types/fit.ts'
import type { AnyType } from '../../dsl/types/index.ts'
import { allGroups } from '../lower/topology.ts'
import { findCycles } from './cycles.ts'
import { checkExitTasks } from './exit-tasks.ts'
import { checkPassthroughs } from './passthroughs.ts'
import { checkPodSettings } from './pod-settings.ts'

const PIPELINE_NAME = /^[a-z0-9][a-z0-9-]{0,127}$/
const INPUT_NAME = /^[A-Za-z_][A-Za-z0-9_-]*$/
/** Keys become parts of Kubernetes names; longer ones are cut and hard to find. */
const LONGEST_KEY = 128

/** @param name takes the place of the pipeline's own name */
export function checkGraph(graph: PipelineGraph, name?: string): readonly Issue[] {
  return [...checkPipelineName(graph, name ?? graph.model.name), ...checkInside(graph)]
}

function checkInside(graph: PipelineGraph): readonly Issue[] {
  return [
    ...checkInterface(graph),
    ...graph.tasks.flatMap(checkTask),
    ...graph.tasks.flatMap(checkPassthroughs),
    ...graph.tasks.flatMap(checkPodSettings),
    ...allGroups(graph.root).flatMap((group) => checkGroup(graph, group)),
    ...checkExitTasks(graph),
    ...findCycles(graph),
    ...graph.tasks.flatMap((task) => (task.nested ? checkInside(task.nested) : [])),
  ]
}

function checkPipelineName(graph: PipelineGraph, name: string): Issue[] {
  if (PIPELINE_NAME.test(name)) return []
  return [
    makeIssue({
      code: 'bad-name',
      message: `"${name}" is no name for a pipeline`,
      hint: 'use up to 128 small letters, digits and "-", and begin with a letter or digit; displayName may have any characters',
      site: graph.model.site,
    }),
  ]
}

function checkInterface({ model }: PipelineGraph): Issue[] {
  return Object.entries(model.inputs).flatMap(([name, type]) => {
    const issues = [
      ...badName(name, `input of pipeline "${model.name}"`, model.site),
      ...badDefault(type, `input "${name}" of pipeline "${model.name}"`, model.site),
    ]
    if (
      !model.isComponent &&
      type.kind === 'parameter' &&
      (type.parameterType === 'TASK_FINAL_STATUS' || type.parameterType === 'TASK_CONFIG')
    ) {
      issues.push(
        makeIssue({
          code: 'wrong-type',
          message: `pipeline "${model.name}" cannot have the input "${name}" of type ${type.parameterType}`,
          hint: 'only components get it, from the system',
          site: model.site,
        }),
      )
    }
    return issues
  })
}

function badDefault(type: AnyType, what: string, site: CallSite): Issue[] {
  const problem = type.kind === 'parameter' ? constantProblem(type.defaultValue, type) : undefined
  if (!problem) return []
  const message = `the default of ${what} ${problem}`
  return [makeIssue({ code: 'wrong-type', message, hint: 'change the default or the type', site })]
}

function badName(name: string, what: string, site: CallSite): Issue[] {
  if (INPUT_NAME.test(name)) return []
  const hint = 'use letters, digits, "_" and "-", and begin with a letter'
  return [makeIssue({ code: 'bad-name', message: `"${name}" is no name for an ${what}`, hint, site })]
}

function checkTask(task: TaskNode): Issue[] {
  const { component } = task
  const issues = [
    ...Object.keys(component.inputs).flatMap((name) =>
      badName(name, `input of component "${component.name}"`, component.site),
    ),
    ...(task.nested ? [] : Object.entries(component.inputs)).flatMap(([name, type]) =>
      badDefault(type, `input "${name}" of component "${component.name}"`, component.site),
    ),
    ...Object.keys(component.outputs).flatMap((name) =>
      badName(name, `output of component "${component.name}"`, component.site),
    ),
    ...Object.entries(component.outputs).flatMap(([name, type]) => {
      if (
        type.kind !== 'artifact' ||
        !type.list ||
        component.implementation.kind === 'pipeline' ||
        component.implementation.kind === 'document'
      )
        return []
      return [
        makeIssue({
          code: 'list-output',
          message: `component "${component.name}" declares the output "${name}" as a list of artifacts, which only pipelines can have`,
          hint: 'make one artifact in each round of a loop and use collected(…)',
          site: component.site,
        }),
      ]
    }),
  ]
  if (task.key.length > LONGEST_KEY) {
    issues.push(
      makeIssue({
        code: 'bad-name',
        message: `the name of component "${component.name}" is longer than ${LONGEST_KEY} characters`,
        hint: 'give it a shorter name; setDisplayName takes any text',
        site: task.site,
      }),
    )
  }
  return issues
}

function checkGroup(graph: PipelineGraph, group: GroupNode): Issue[] {
  if (group.groups.length > 0 || group.tasks.some((task) => !task.exitOf)) return []
  if (group.kind === 'root') {
    const message = `pipeline "${graph.model.name}" has no tasks`
    return [
      makeIssue({ code: 'empty-pipeline', message, hint: 'call a component in its body', site: graph.model.site }),
    ]
  }
  const message = `the block of ${groupKey(group)} has no tasks`
  return [
    makeIssue({
      code: 'empty-block',
      message,
      hint: 'call a component in it, or leave the block out',
      site: group.site,
    }),
  ]
}
