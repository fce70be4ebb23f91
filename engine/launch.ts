/** Everything that an executor needs to run one attempt of a container step. Before: resolve-inputs.ts. After: local/ or operator/. */
import type { ArtifactList, ExecutorInput, RuntimeArtifact } from '../api/executor-io.ts'
import type { JsonValue } from '../api/json.ts'
import type { ComponentSpec, PipelineContainerSpec, ResourceSpec } from '../api/pipeline-spec.ts'
import { buildArgv } from './argv.ts'
import { fileName, outputFolderUri, pathOfArtifact, pathOfUri, taskId, workspacePathOf } from './artifact-paths.ts'
import { executorInputText } from './executor-input-text.ts'
import { resolveKubernetes } from './kubernetes-config.ts'
import { type PlaceholderScope, plainArtifact, substitute, wholeParameterName } from './placeholders.ts'
import type { TaskPlan } from './program.ts'
import { resolvePlatformParameter } from './resolve-inputs.ts'
import type { ResolvedInputs } from './resolved-inputs.ts'
import { runConstant } from './run-constants.ts'
import { passTaskConfig } from './task-config.ts'
import { TaskError } from './task-error.ts'
import { planOf, type RunView } from './tree.ts'
import type { DeclaredOutputs, Launch, RunConfig, TaskPath } from './types.ts'
import { hasWorkspacePath } from './workspace-use.ts'

/** @throws TaskError when a placeholder or a platform setting can't be resolved */
export function buildLaunch(view: RunView, path: TaskPath, attempt: number, inputs: ResolvedInputs): Launch {
  const plan = planOf(view, view.state.tasks[path]!)
  const { config } = view.state
  const { spec, leaf, name } = plan.component
  const container = leaf!.executor.container!
  const basic = inputScope(view, path, plan, inputs)
  const { own, taskConfig } = passTaskConfig(spec, settingsOf(view, path, plan, inputs, basic))
  const known = taskConfig === undefined ? inputs : withTaskConfig(plan, inputs, taskConfig)
  const places = outputPlaces(view, path, plan, attempt)
  const executorInput = executorInputOf(known, spec, places)
  const scope = stepScope(inputScope(view, path, plan, known), plan, executorInput, places.outputs)
  const command = buildArgv(container.command ?? [], scope)
  const args = buildArgv(container.args ?? [], scope)
  const inputArtifacts = Object.entries(known.artifacts).flatMap(([input, list]) =>
    list.map((artifact) => ({ name: input, artifact, path: pathOfArtifact(artifact, config) })),
  )
  const timeoutMillis = attemptTimeout(plan, config)
  return {
    taskKey: plan.key,
    displayName: plan.spec.taskInfo?.name ?? plan.key,
    componentName: name,
    executorLabel: leaf!.executorLabel,
    image: imageOf(container, basic),
    command,
    args,
    ...own,
    executorInput,
    outputs: places.outputs,
    inputArtifacts,
    scratchDir: places.scratchDir,
    ...(timeoutMillis === undefined ? {} : { timeoutMillis }),
    usesWorkspace: mentionsWorkspace(
      workspacePathOf(config),
      [command, args, own.env.map(({ value }) => value)],
      known,
      inputArtifacts,
    ),
  }
}

/** Milliseconds that one attempt may take: what the author set for the step, else what the run sets for all. */
export function attemptTimeout({ component }: TaskPlan, config: RunConfig): number | undefined {
  const seconds = Number(component.leaf?.kubernetes.activeDeadlineSeconds ?? 0)
  return seconds > 0 ? seconds * 1000 : config.taskTimeoutMillis
}

/** @throws TaskError when the input that names the image is missing */
export function imageOf(container: PipelineContainerSpec, scope: PlaceholderScope): string {
  const image = substitute(container.image, scope)
  if (image === '') throw new TaskError('no-image', `the image ${container.image} resolves to nothing`)
  return image
}

/** Placeholders over a task's inputs alone. */
export function inputScope(view: RunView, path: TaskPath, plan: TaskPlan, inputs: ResolvedInputs): PlaceholderScope {
  const { config } = view.state
  return {
    constant: (name) => runConstant(view, path, plan, name),
    parameter: (name) => (Object.hasOwn(inputs.parameters, name) ? inputs.parameters[name] : undefined),
    artifacts: (name) => (Object.hasOwn(inputs.artifacts, name) ? inputs.artifacts[name] : undefined),
    pathOf: (artifact) => pathOfArtifact(artifact, config),
  }
}

function stepScope(
  scope: PlaceholderScope,
  plan: TaskPlan,
  executorInput: ExecutorInput,
  outputs: DeclaredOutputs,
): PlaceholderScope {
  let text: string | undefined
  return {
    ...scope,
    step: {
      executorInput: () => (text ??= executorInputText(executorInput, plan)),
      outputFile: executorInput.outputs.outputFile,
      outputParameterFile: (name) => outputs.parameters[name]?.outputFile,
      outputArtifact: (name) => executorInput.outputs.artifacts?.[name]?.artifacts[0],
    },
  }
}

interface OutputPlaces {
  readonly outputs: DeclaredOutputs
  readonly allocated: Readonly<Record<string, ArtifactList>>
  readonly scratchDir: string
  readonly outputFile: string
}

/**
 * Artifacts lie in the task's folder under the pipeline root, the same for all attempts; parameter files in the attempt's own.
 * The executor output lies in the task's folder too: `dsl.get_uri()` derives URIs from its directory.
 */
function outputPlaces(view: RunView, path: TaskPath, plan: TaskPlan, attempt: number): OutputPlaces {
  const { config } = view.state
  const { parameters: declared = {}, artifacts = {} } = plan.component.spec.outputDefinitions ?? {}
  const id = taskId(config, path)
  const folder = outputFolderUri(config, view.program.pipelineName, plan.key, id)
  const scratchDir = `${config.scratchRoot.replace(/\/+$/, '')}/${plan.key}-${id}/${attempt}`
  const parameterFiles: Record<string, DeclaredOutputs['parameters'][string]> = {}
  for (const name of Object.keys(declared))
    parameterFiles[name] = {
      parameterType: declared[name]!.parameterType ?? 'STRING',
      outputFile: `${scratchDir}/${fileName(name)}`,
    }
  const files: Record<string, DeclaredOutputs['artifacts'][string]> = {}
  const allocated: Record<string, ArtifactList> = {}
  for (const name of Object.keys(artifacts)) {
    const { artifactType: type, metadata = {} } = artifacts[name]!
    const uri = `${folder}/${fileName(name)}`
    files[name] = { type, uri, path: pathOfUri(uri, config) }
    allocated[name] = { artifacts: [{ name, type, uri, metadata }] }
  }
  const outputFile = `${pathOfUri(folder, config)}/executor_output-${attempt}.json`
  return { outputs: { parameters: parameterFiles, artifacts: files }, allocated, scratchDir, outputFile }
}

/** Inputs that only placeholders mention are left out where they are artifacts: the SDK looks each up among the function's own. */
function executorInputOf(
  { parameters, artifacts }: ResolvedInputs,
  { inputDefinitions }: ComponentSpec,
  places: OutputPlaces,
): ExecutorInput {
  const lists: Record<string, ArtifactList> = {}
  for (const name of Object.keys(inputDefinitions?.artifacts ?? {}))
    if (Object.hasOwn(artifacts, name)) lists[name] = { artifacts: artifacts[name]!.map(plainArtifact) }
  const files: Record<string, { readonly outputFile: string }> = {}
  for (const name in places.outputs.parameters)
    files[name] = { outputFile: places.outputs.parameters[name]!.outputFile }
  return {
    inputs: { parameterValues: parameters, artifacts: lists },
    outputs: { parameters: files, artifacts: places.allocated, outputFile: places.outputFile },
  }
}

function settingsOf(
  view: RunView,
  path: TaskPath,
  { component }: TaskPlan,
  inputs: ResolvedInputs,
  scope: PlaceholderScope,
): Pick<Launch, 'env' | 'resources' | 'kubernetes'> {
  const { executor, kubernetes } = component.leaf!
  const { env = [], resources = {} } = executor.container!
  return {
    env: env.map(({ name, value = '' }) => ({ name, value: substitute(value, scope) })),
    resources: resourcesOf(resources, scope),
    kubernetes: resolveKubernetes(kubernetes, (spec) => resolvePlatformParameter(view, path, spec, inputs)),
  }
}

function resourcesOf(spec: ResourceSpec, scope: PlaceholderScope): Launch['resources'] {
  const cpu = (number: number | undefined) => (number ? String(number) : undefined)
  const memory = (number: number | undefined) => (number ? `${number}G` : undefined)
  const { accelerator = {} } = spec
  const type = quantity(accelerator.resourceType, scope) ?? accelerator.type
  const count = quantity(accelerator.resourceCount, scope) ?? quantity(String(accelerator.count ?? ''), scope)
  const all = {
    cpuRequest: quantity(spec.resourceCpuRequest, scope) ?? cpu(spec.cpuRequest),
    cpuLimit: quantity(spec.resourceCpuLimit, scope) ?? cpu(spec.cpuLimit),
    memoryRequest: quantity(spec.resourceMemoryRequest, scope) ?? memory(spec.memoryRequest),
    memoryLimit: quantity(spec.resourceMemoryLimit, scope) ?? memory(spec.memoryLimit),
    accelerator: type && count && count !== '0' ? { type, count } : undefined,
  }
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined))
}

/** An input that was not given leaves the quantity unset. */
function quantity(text: string | undefined, scope: PlaceholderScope): string | undefined {
  if (!text) return undefined
  const name = wholeParameterName(text)
  if (name !== undefined && scope.parameter(name) === undefined) return undefined
  return substitute(text, scope) || undefined
}

function withTaskConfig(plan: TaskPlan, inputs: ResolvedInputs, taskConfig: JsonValue): ResolvedInputs {
  const name = [...plan.component.parameterTypes].find(([, type]) => type === 'TASK_CONFIG')?.[0]
  return name === undefined ? inputs : { ...inputs, parameters: { ...inputs.parameters, [name]: taskConfig } }
}

function mentionsWorkspace(
  workspace: string,
  given: readonly (readonly string[])[],
  inputs: ResolvedInputs,
  artifacts: readonly { readonly path: string; readonly artifact: RuntimeArtifact }[],
): boolean {
  return (
    given.some((texts) => texts.some((text) => text.includes(workspace))) ||
    hasWorkspacePath(inputs, workspace) ||
    artifacts.some(({ path }) => path.startsWith(workspace))
  )
}
