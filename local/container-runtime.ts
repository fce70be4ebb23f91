/** Steps as containers of docker or podman on this machine, each in its own image. */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { promisify } from 'node:util'
import type { StepRuntime } from './attempt.ts'
import { containerStep, stopContainer } from './container-step.ts'
import { localPathOf } from './import-artifact.ts'
import { ignoredSettings, mountsOf, prepareMounts } from './volumes.ts'

export interface ContainerRuntimeOptions {
  readonly program: 'docker' | 'podman'
  readonly root: string
  readonly hostEnv: Readonly<Record<string, string | undefined>>
  readonly warn: (message: string) => void
}

export function containerRuntime(options: ContainerRuntimeOptions): StepRuntime {
  return {
    prepare: async ({ launch, attempt, logFile, temporaryFolder, uniqueName }) => {
      const mounts = mountsOf(options.root, temporaryFolder, launch.kubernetes)
      await prepareMounts(options.root, mounts)
      for (const line of ignoredSettings(launch.kubernetes)) options.warn(line)
      const inputPaths = launch.inputArtifacts
        .filter(({ artifact }) => localPathOf(artifact.uri) !== undefined)
        .map(({ path }) => path)
        // docker makes a folder where there is nothing.
        .filter((path) => !path.startsWith(`${options.root}/`) && existsSync(path))
      const { program, hostEnv } = options
      return containerStep({
        program,
        launch,
        attempt,
        containerName: uniqueName,
        logFile,
        sharedFolders: [options.root],
        inputPaths,
        mounts,
        hostEnv,
      })
    },
    cleanUp: async ({ uniqueName }) => {
      const [program, args] = stopContainer(options.program, uniqueName)
      // A container that ended by itself is gone already (--rm): that is no error.
      await promisify(execFile)(program, [...args]).catch(() => undefined)
    },
  }
}

/** The first of docker and podman that answers; docker's client alone, without its engine, does not. */
export async function findContainerProgram(): Promise<'docker' | 'podman' | undefined> {
  for (const program of ['docker', 'podman'] as const) {
    const works = await promisify(execFile)(program, ['info'], { timeout: 10_000 }).then(
      () => true,
      () => false,
    )
    if (works) return program
  }
  return undefined
}
