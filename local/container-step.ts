/** From an engine's launch to the `docker run` or `podman run` that carries it out. Pure. */
import type { Launch } from '../engine/types.ts'
import { expandVariables, ownVariables } from './process-step.ts'
import type { StepCommand } from './supervise.ts'

export interface ContainerStepInput {
  readonly program: 'docker' | 'podman'
  readonly launch: Launch
  /** Counted from 1. */
  readonly attempt: number
  /** Unique on this machine; `stopContainer` uses it. */
  readonly containerName: string
  readonly logFile: string
  /** Host folders that the container sees under the same paths. */
  readonly sharedFolders: readonly string[]
  /** Files and folders of the host that the container may only read, under the same paths. They exist. */
  readonly inputPaths: readonly string[]
  /** Volume folder on the host to path in the container. */
  readonly mounts: readonly { readonly folder: string; readonly mountPath: string }[]
  readonly hostEnv: Readonly<Record<string, string | undefined>>
}

/** Folders are mounted where they lie on the host, so that URIs and paths mean the same inside and outside. */
export function containerStep(input: ContainerStepInput): StepCommand {
  const { launch } = input
  const own = ownVariables(launch.env, {
    KFP_RETRY_INDEX: String(input.attempt - 1),
    KFP_POD_NAME: input.containerName,
  })
  const expand = (word: string) => expandVariables(word, own)
  const command = launch.command.map(expand)
  const options = [
    ...['run', '--rm', '--init', '--name', input.containerName, '--workdir', launch.scratchDir],
    ...[...new Set(input.sharedFolders)].flatMap((folder) => ['--volume', `${folder}:${folder}`]),
    ...[...new Set(input.inputPaths)].flatMap((path) => ['--volume', `${path}:${path}:ro`]),
    ...input.mounts.flatMap(({ folder, mountPath }) => ['--volume', `${folder}:${mountPath}`]),
    ...Object.entries(own).flatMap(([name, value]) => ['--env', `${name}=${value}`]),
    ...(command.length > 0 ? ['--entrypoint', command[0]!] : []),
    ...limits(launch.resources),
  ]
  const argv = [input.program, ...options, launch.image, ...command.slice(1), ...launch.args.map(expand)]
  const env = Object.entries(input.hostEnv).filter((entry): entry is [string, string] => entry[1] !== undefined)
  return { argv, env: Object.fromEntries(env), cwd: launch.scratchDir, logFile: input.logFile }
}

/** Ends the container itself: a killed client leaves it running. */
export function stopContainer(program: string, containerName: string): readonly [string, readonly string[]] {
  return [program, ['rm', '--force', containerName]]
}

/** Memory and CPU limits are kept; a GPU request gives all GPUs there are to docker's own runtime. */
function limits(resources: Launch['resources']): string[] {
  const memory = resources.memoryLimit === undefined ? undefined : quantity(resources.memoryLimit)
  const cpu = resources.cpuLimit === undefined ? undefined : quantity(resources.cpuLimit)
  return [
    ...(memory === undefined ? [] : ['--memory', String(Math.round(memory))]),
    ...(cpu === undefined ? [] : ['--cpus', String(cpu)]),
    ...(resources.accelerator ? ['--gpus', 'all'] : []),
  ]
}

const SUFFIXES: Readonly<Record<string, number>> = {
  ...{ m: 1e-3, '': 1, k: 1e3, M: 1e6, G: 1e9, T: 1e12, P: 1e15 },
  ...{ Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40, Pi: 2 ** 50 },
}

/** A Kubernetes quantity as a number; undefined when it is none. */
function quantity(text: string): number | undefined {
  const [, digits, suffix] = /^([\d.]+(?:e\d+)?)([A-Za-z]*)$/.exec(text) ?? []
  const factor = suffix === undefined ? undefined : SUFFIXES[suffix]
  return digits === undefined || factor === undefined ? undefined : Number(digits) * factor
}
