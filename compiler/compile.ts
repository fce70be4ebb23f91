/** From a definition to a pipeline document: trace the body, pack the code of components, lower the graph. */
import { InvalidInputError, type Issue } from '../api/issue.ts'
import type { PipelineSpec } from '../api/pipeline-spec.ts'
import type { KubernetesExecutorConfig, PipelineDocument, PlatformSpec } from '../api/platform-spec.ts'
import type { PipelineGraph, TaskNode, TypeScriptImplementation } from '../dsl/graph.ts'
import type { AnyPipeline } from '../dsl/pipeline.ts'
import { tracePipeline } from '../dsl/trace.ts'
import { bundleComponent } from './bundle/bundle-component.ts'
import { checkGraph } from './check/check-graph.ts'
import { checkForKfp } from './check/kfp-target.ts'
import { checkStrayRefs } from './check/stray-refs.ts'
import type { CodeExecutor } from './lower/build.ts'
import { lowerPipeline } from './lower/dag.ts'
import { type AnyComponent, pipelineAround } from './pipeline-around.ts'
import { sdkVersion } from './sdk-version.ts'

export interface CompileOptions {
  /** `kfp` refuses what a stock Kubeflow Pipelines cannot run; `kfp-ts` warns of it. @default 'kfp-ts' */
  readonly target?: 'kfp-ts' | 'kfp'
  /** Takes the place of the pipeline's own name. */
  readonly name?: string
}
export interface CompileResult {
  /** Present when no issue is an error. */
  readonly document?: PipelineDocument
  /** Everything that is wrong, in the order of the author's source where it is known. */
  readonly issues: readonly Issue[]
}

/**
 * Compiles a pipeline, or a component alone (it becomes a pipeline of one task). The author's mistakes come back as issues, all of them together.
 *
 * @example
 * const { document, issues } = await compile(training)
 * if (document) await writeFile('training.yaml', printPipelineYaml(document))
 */
export async function compile(
  pipeline: AnyPipeline | AnyComponent,
  options: CompileOptions = {},
): Promise<CompileResult> {
  const graph = tracePipeline(pipeline.kind === 'pipeline' ? pipeline.model : pipelineAround(pipeline.model))
  const issues: Issue[] = [...graph.issues]
  issues.push(...checkGraph(graph, options.name))
  const code = await packCode(graph, issues)
  const part = lowerPipeline(graph, code, issues)
  const document = assemble(graph, part, options.name)
  issues.push(...checkStrayRefs(document, graph.model, issues))
  const severity = options.target === 'kfp' ? 'error' : 'warning'
  issues.push(...checkForKfp(document).map((issue) => ({ ...issue, severity }) as const))
  const unique = withoutRepetition(issues)
  const hasErrors = unique.some(({ severity }) => severity === 'error')
  return hasErrors ? { issues: unique } : { document, issues: unique }
}

function assemble(graph: PipelineGraph, part: ReturnType<typeof lowerPipeline>, name?: string): PipelineDocument {
  const { model } = graph
  const spec: PipelineSpec = {
    pipelineInfo: {
      name: name ?? model.name,
      ...(model.displayName === undefined ? {} : { displayName: model.displayName }),
      ...(model.description === undefined ? {} : { description: model.description }),
    },
    ...(Object.keys(part.components).length ? { components: part.components } : {}),
    deploymentSpec: Object.keys(part.executors).length ? { executors: part.executors } : {},
    root: part.root,
    schemaVersion: '2.1.0',
    sdkVersion: sdkVersion(),
    ...(model.pipelineRoot === undefined ? {} : { defaultPipelineRoot: model.pipelineRoot }),
  }
  const platform = platformOf(part.platform, graph)
  return platform ? { spec, platform } : { spec }
}

function platformOf(
  executors: Readonly<Record<string, KubernetesExecutorConfig>>,
  graph: PipelineGraph,
): PlatformSpec | undefined {
  const { kubernetes } = graph.model
  const hasExecutors = Object.keys(executors).length > 0
  if (!hasExecutors && !kubernetes) return undefined
  return {
    platforms: {
      kubernetes: {
        ...(hasExecutors ? { deploymentSpec: { executors } } : {}),
        ...(kubernetes ? { pipelineConfig: kubernetes } : {}),
      },
    },
  }
}

/** Bundles each TypeScript component once. */
async function packCode(graph: PipelineGraph, issues: Issue[]): Promise<Map<TypeScriptImplementation, CodeExecutor>> {
  const components = new Map<TypeScriptImplementation, TaskNode['component']>()
  for (const { component } of allTasks(graph)) {
    if (component.implementation.kind === 'typescript') components.set(component.implementation, component)
  }
  const code = new Map<TypeScriptImplementation, CodeExecutor>()
  const pack = async ([implementation, component]: readonly [TypeScriptImplementation, TaskNode['component']]) => {
    try {
      code.set(implementation, await bundleComponent(component, implementation))
    } catch (error) {
      if (!(error instanceof InvalidInputError)) throw error
      issues.push(...error.issues)
    }
  }
  await Promise.all([...components].map(pack))
  return code
}

function allTasks(graph: PipelineGraph): readonly TaskNode[] {
  return graph.tasks.flatMap((task) => (task.nested ? [task, ...allTasks(task.nested)] : [task]))
}

/** One mistake can be seen from several sides; a nested pipeline is traced once a call. */
function withoutRepetition(issues: readonly Issue[]): readonly Issue[] {
  const seen = new Map(issues.map((issue) => [JSON.stringify(issue), issue]))
  return [...seen.values()].sort((a, b) => {
    if (a.location?.file !== b.location?.file) return 0
    return (a.location?.line ?? 0) - (b.location?.line ?? 0)
  })
}
