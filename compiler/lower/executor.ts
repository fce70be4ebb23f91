/** A task's component to the executor that does the work: container, TypeScript code or importer. */
import type { JsonObject } from '../../api/json.ts'
import type { ExecutorSpec, PipelineContainerSpec, ResourceSpec } from '../../api/pipeline-spec.ts'
import type {
  ContainerImplementation,
  GroupNode,
  ImporterImplementation,
  TaskNode,
  TypeScriptImplementation,
} from '../../dsl/graph.ts'
import { placeholderText } from '../../dsl/placeholders.ts'
import { ParameterRef } from '../../dsl/refs.ts'
import type { Build } from './build.ts'
import { lowerResources } from './resources.ts'
import { isDynamic, type TaskInputs, templateText } from './values.ts'

/** The executor of a leaf task; settings from parameters add to the task's inputs. */
export function lowerExecutor(
  build: Build,
  task: TaskNode,
  implementation: TypeScriptImplementation | ContainerImplementation,
  inputs: TaskInputs,
  group: GroupNode,
): ExecutorSpec {
  const parts = implementation.kind === 'container' ? containerParts(implementation) : codeParts(build, implementation)
  const image = lowerImage(task, parts.image, inputs, group)
  const env = { ...parts.env, ...envOf(task, inputs, group) }
  const own = lowerResources(task, inputs, group, build.issues)
  const resources: ResourceSpec = { ...parts.resources, ...own }
  const container: PipelineContainerSpec = {
    image,
    ...(parts.command.length ? { command: parts.command } : {}),
    ...(parts.args.length ? { args: parts.args } : {}),
    ...(Object.keys(env).length ? { env: Object.entries(env).map(([name, value]) => ({ name, value })) } : {}),
    ...(Object.keys(resources).length ? { resources } : {}),
  }
  return { container }
}

interface ContainerParts {
  readonly image: string
  readonly command: readonly string[]
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly resources: ResourceSpec
}

function containerParts(implementation: ContainerImplementation): ContainerParts {
  return {
    image: implementation.image,
    command: implementation.command.map(placeholderText),
    args: implementation.args.map(placeholderText),
    env: implementation.env ?? {},
    resources: (implementation.resources ?? {}) as JsonObject as ResourceSpec,
  }
}

function codeParts(build: Build, implementation: TypeScriptImplementation): ContainerParts {
  const code = build.code.get(implementation)
  // Without code the bundler has reported why; the document is not handed out then.
  const { image, command, args } = code ?? { image: '', command: [], args: [] }
  return { image, command, args, env: {}, resources: {} }
}

function lowerImage(task: TaskNode, image: string, inputs: TaskInputs, group: GroupNode): string {
  const setting = task.settings.image
  if (!setting) return image
  const text = templateText(inputs, setting, group)
  if (isDynamic(setting)) inputs.parameters['base_image'] = { runtimeValue: { constant: text } }
  return text
}

function envOf(task: TaskNode, inputs: TaskInputs, group: GroupNode): Record<string, string> {
  const entries = Object.entries(task.settings.env ?? {})
  return Object.fromEntries(entries.map(([name, value]) => [name, templateText(inputs, value, group)]))
}

/** Importers declare `uri` and one input for each reference inside their metadata: `metadata`, `metadata-2` … */
export function lowerImporter(implementation: ImporterImplementation): ExecutorSpec {
  const { uri, schemaTitle, schemaVersion, metadata, reimport, downloadToWorkspace } = implementation
  return {
    importer: {
      artifactUri: uri instanceof ParameterRef ? { runtimeParameter: 'uri' } : { constant: uri },
      typeSchema: { schemaTitle, schemaVersion },
      ...(metadata && Object.keys(metadata).length ? { metadata } : {}),
      ...(reimport ? { reimport } : {}),
      ...(downloadToWorkspace ? { downloadToWorkspace } : {}),
    },
  }
}
