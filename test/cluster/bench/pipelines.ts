/** Pipelines of the benchmark. Their steps have no outputs: a simulated kubelet writes none. */
import { stringify } from 'yaml'

/** Steps one after the other. */
export function chain(name: string, keys: readonly string[]): string {
  const tasks = keys.map((key, index) => {
    const dependentTasks = index > 0 ? { dependentTasks: [keys[index - 1]] } : {}
    return [
      key,
      { taskInfo: { name: key }, componentRef: { name: 'comp-step' }, cachingOptions: {}, ...dependentTasks },
    ]
  })
  return stringify({
    pipelineInfo: { name },
    schemaVersion: '2.1.0',
    deploymentSpec: { executors: { 'exec-step': { container: { image: 'busybox:latest', command: ['true'] } } } },
    components: { 'comp-step': { executorLabel: 'exec-step' } },
    root: { dag: { tasks: Object.fromEntries(tasks) } },
  })
}

/** One step for each item. */
export function loop(iterations: number): string {
  const item = 'pipelinechannel--loop-item-param-1'
  return stringify({
    pipelineInfo: { name: 'loop' },
    schemaVersion: '2.1.0',
    deploymentSpec: { executors: { 'exec-step': { container: { image: 'busybox:latest', command: ['true'] } } } },
    components: {
      'comp-step': { executorLabel: 'exec-step' },
      'comp-for-loop-2': {
        inputDefinitions: { parameters: { [item]: { parameterType: 'NUMBER_INTEGER' } } },
        dag: {
          tasks: { step: { taskInfo: { name: 'step' }, componentRef: { name: 'comp-step' }, cachingOptions: {} } },
        },
      },
    },
    root: {
      dag: {
        tasks: {
          'for-loop-2': {
            taskInfo: { name: 'for-loop-2' },
            componentRef: { name: 'comp-for-loop-2' },
            parameterIterator: {
              itemInput: item,
              items: { raw: JSON.stringify(Array.from({ length: iterations }, (_, index) => index)) },
            },
          },
        },
      },
    },
  })
}
