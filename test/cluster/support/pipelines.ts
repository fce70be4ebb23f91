/** Small pipelines for cluster tests, written as IR: shell steps on the small image start in two seconds. */
import { stringify } from 'yaml'

export interface ShellStep {
  /** Shell text; writes its output to `$OUT`. */
  readonly script: string
  readonly after?: readonly string[]
  /** Input name to `task.output`. */
  readonly inputs?: Readonly<Record<string, string>>
  readonly image?: string
  readonly retries?: number
  readonly cache?: boolean
  readonly condition?: string
  readonly memory?: string
  readonly always?: boolean
}

/** A pipeline of shell steps; each has one output `out` (STRING). Outputs of the pipeline are named `task` for `outputs`. */
export function shellPipeline(
  name: string,
  steps: Readonly<Record<string, ShellStep>>,
  outputs: readonly string[] = [],
): string {
  const executors: Record<string, unknown> = {}
  const components: Record<string, unknown> = {}
  const tasks: Record<string, unknown> = {}
  for (const [key, step] of Object.entries(steps)) {
    executors[`exec-${key}`] = executor(step)
    components[`comp-${key}`] = component(key, step)
    tasks[key] = task(key, step)
  }
  return stringify({
    pipelineInfo: { name },
    schemaVersion: '2.1.0',
    sdkVersion: 'kfp-2.14.3',
    deploymentSpec: { executors },
    components,
    root: {
      dag: {
        tasks,
        ...(outputs.length > 0 ? { outputs: { parameters: Object.fromEntries(outputs.map(outputOf)) } } : {}),
      },
      ...(outputs.length > 0
        ? {
            outputDefinitions: {
              parameters: Object.fromEntries(outputs.map((key) => [key, { parameterType: 'STRING' }])),
            },
          }
        : {}),
    },
  })
}

/** The pipeline with a platform document: Kubernetes settings by step, and of the whole run. */
export function withPlatform(
  text: string,
  { steps = {}, run }: { readonly steps?: Readonly<Record<string, object>>; readonly run?: object },
): string {
  const executors = Object.fromEntries(Object.entries(steps).map(([key, settings]) => [`exec-${key}`, settings]))
  const kubernetes = { deploymentSpec: { executors }, ...(run ? { pipelineConfig: run } : {}) }
  return `${text}---\n${stringify({ platforms: { kubernetes } })}`
}

const outputOf = (key: string) => [key, { valueFromParameter: { producerSubtask: key, outputParameterKey: 'out' } }]

function executor({ script, image = 'busybox:latest', inputs = {}, memory }: ShellStep) {
  const values = Object.keys(inputs).map((name) => `{{$.inputs.parameters['${name}']}}`)
  return {
    container: {
      image,
      command: [
        'sh',
        '-ec',
        `OUT="$0"; ${script}\n[ -e "$OUT" ] || printf done > "$OUT"`,
        "{{$.outputs.parameters['out'].output_file}}",
      ],
      args: values,
      ...(memory ? { resources: { resourceMemoryLimit: memory } } : {}),
    },
  }
}

function component(key: string, { inputs = {} }: ShellStep) {
  const parameters = Object.fromEntries(Object.keys(inputs).map((name) => [name, { parameterType: 'STRING' }]))
  return {
    executorLabel: `exec-${key}`,
    ...(Object.keys(parameters).length > 0 ? { inputDefinitions: { parameters } } : {}),
    outputDefinitions: { parameters: { out: { parameterType: 'STRING' } } },
  }
}

function task(key: string, { after = [], inputs = {}, retries, cache = false, condition, always }: ShellStep) {
  const producers = Object.values(inputs).map((source) => source.split('.')[0]!)
  const parameters = Object.fromEntries(
    Object.entries(inputs).map(([name, source]) => {
      const [producerTask, outputParameterKey] = source.split('.')
      return [name, { taskOutputParameter: { producerTask, outputParameterKey } }]
    }),
  )
  const dependentTasks = [...new Set([...after, ...producers])].sort()
  return {
    taskInfo: { name: key },
    componentRef: { name: `comp-${key}` },
    cachingOptions: cache ? { enableCache: true } : {},
    ...(dependentTasks.length > 0 ? { dependentTasks } : {}),
    ...(Object.keys(parameters).length > 0 ? { inputs: { parameters } } : {}),
    ...(retries === undefined
      ? {}
      : { retryPolicy: { maxRetryCount: retries, backoffDuration: '0s', backoffFactor: 2 } }),
    ...(condition || always
      ? {
          triggerPolicy: {
            ...(condition ? { condition } : {}),
            ...(always ? { strategy: 'ALL_UPSTREAM_TASKS_COMPLETED' } : {}),
          },
        }
      : {}),
  }
}
