/** Steps as processes of this host: Python ones in a cached environment, TypeScript ones in our Node, others as they are. */
import type { JsonObject } from '../api/json.ts'
import type { StepRequest, StepRuntime } from './attempt.ts'
import { processStep } from './process-step.ts'
import { type EnvironmentCache, EnvironmentError } from './python/environment.ts'
import { NO_PYTHON } from './python/interpreter.ts'
import { stepKind } from './step-kind.ts'
import type { StepCommand } from './supervise.ts'
import { ignoredSettings, type Mount, mountsOf, prepareMounts, withMounts } from './volumes.ts'

export interface ProcessRuntimeOptions {
  readonly root: string
  readonly hostEnv: Readonly<Record<string, string | undefined>>
  /** Runs TypeScript components. */
  readonly nodePath: string
  /** Asked once, when the first Python step starts; undefined when this machine has no Python. */
  readonly environments: () => Promise<EnvironmentCache | undefined>
  readonly hostCommands: boolean
  /** One line for the user; the same line may come more than once. */
  readonly warn: (message: string) => void
  /** More variables for one step. */
  readonly stepVariables?: (task: { path: string; name: string }) => Promise<Readonly<Record<string, string>>>
  /** How a mount namespace is made here; undefined where it can't be. */
  readonly mountNamespace: () => Promise<'root' | 'user' | undefined>
}

export function processRuntime(options: ProcessRuntimeOptions): StepRuntime {
  return {
    prepare: async (request) => {
      const { launch, attempt, logFile, temporaryFolder } = request
      const kind = stepKind(launch.command, launch.args)
      if (kind.kind === 'container' && !options.hostCommands) {
        throw new Error(
          `it is a container component (image ${launch.image}); --host-commands runs its command on this host`,
        )
      }
      const python = kind.kind === 'python' ? await pythonVariables(options, kind, request) : {}
      const task = { path: request.task, name: launch.displayName }
      const environment = { ...python, ...(await options.stepVariables?.(task)) }
      const { hostEnv, nodePath } = options
      const step = processStep({ launch, kind, attempt, logFile, temporaryFolder, hostEnv, environment, nodePath })
      for (const line of ignoredSettings(launch.kubernetes)) options.warn(line)
      return mounted(options, step, launch.kubernetes, temporaryFolder)
    },
  }
}

async function pythonVariables(
  options: ProcessRuntimeOptions,
  kind: Extract<ReturnType<typeof stepKind>, { kind: 'python' }>,
  { logFile, signal }: StepRequest,
): Promise<Readonly<Record<string, string>>> {
  const cache = await options.environments()
  if (!cache) throw new EnvironmentError(NO_PYTHON)
  if (kind.bootstrap.installScript === undefined) return { PYTHONUNBUFFERED: '1' }
  return (await cache.provide(kind.bootstrap, logFile, signal)).variables
}

async function mounted(
  options: ProcessRuntimeOptions,
  step: StepCommand,
  kubernetes: JsonObject,
  temporaryFolder: string,
): Promise<StepCommand> {
  const mounts: Mount[] = mountsOf(options.root, temporaryFolder, kubernetes)
  if (mounts.length === 0) return step
  const way = await options.mountNamespace()
  if (!way) {
    const paths = mounts.map(({ mountPath }) => mountPath).join(', ')
    options.warn(`volumes are not mounted (${paths}): this host allows no mount namespaces; use --runtime container`)
    return step
  }
  await prepareMounts(options.root, mounts)
  return { ...step, argv: withMounts(step.argv, mounts, way === 'root') }
}
