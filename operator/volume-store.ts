/** The store on a volume: pods and operator mount the same directory, so nothing is copied. Makes places, reads outputs, keeps logs. */
import { createWriteStream, type WriteStream } from 'node:fs'
import { chmod, lstat, mkdir, readFile, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { RuntimeArtifact, TaskOutputs } from '../api/executor-io.ts'
import type { Launch } from '../engine/types.ts'
import { digestPath } from '../store/digest.ts'

export interface VolumeStoreOptions {
  /** The volume as the operator sees it. */
  readonly folder: string
  /** The volume as steps see it. */
  readonly mountPath: string
}

/** Texts that a step left, as `collectOutputs` takes them. */
export interface FoundOutputs {
  readonly executorOutput?: string | undefined
  readonly parameterFiles: Readonly<Record<string, string | undefined>>
}

export interface VolumeStore {
  /** Paths of a run as its steps see them. */
  pathsOf(runId: string): { readonly artifacts: string; readonly scratch: string; readonly workspaceSubPath: string }
  /** Makes every directory that the attempt will write to, so that the user's image needs no shell to do it. */
  prepare(launch: Launch, runId: string): Promise<void>
  readOutputs(launch: Launch): Promise<FoundOutputs>
  /** The outputs with the digest of each artifact that lies in the store. */
  withDigests(outputs: TaskOutputs, pathOf: (artifact: RuntimeArtifact) => string): Promise<TaskOutputs>
  /** Why an artifact can't be used any more; undefined when it is as it was, or not kept here. */
  damageOf(artifact: RuntimeArtifact): Promise<string | undefined>
  digestOf(uri: string): Promise<string | undefined>
  openLog(runId: string, task: string, attempt: number): Promise<WriteStream>
  readLog(runId: string, task: string, attempt: number): Promise<string | undefined>
  deleteRun(runId: string, withArtifacts: boolean): Promise<void>
}

/** Steps run as another user than the operator; each run's own directories are open to them. */
const OPEN_TO_STEPS = 0o777
/** Text files that hold values; larger ones would not fit a database or a parameter. */
const MAX_VALUE_BYTES = 16 * 1024 * 1024

export function createVolumeStore({ folder, mountPath }: VolumeStoreOptions): VolumeStore {
  /** The operator's path of a step's path; undefined outside the volume. */
  const here = (path: string): string | undefined =>
    path === mountPath || path.startsWith(`${mountPath}/`) ? join(folder, path.slice(mountPath.length)) : undefined
  const logFile = (runId: string, task: string, attempt: number): string =>
    join(folder, 'logs', runId, ...task.split('/').map(fileName), `attempt-${attempt}.log`)

  return {
    pathsOf: (runId) => ({
      artifacts: `${mountPath}/artifacts`,
      scratch: `${mountPath}/scratch/${runId}`,
      workspaceSubPath: `workspaces/${runId}`,
    }),
    async prepare(launch, runId) {
      const wanted = [launch.scratchDir, dirname(launch.executorInput.outputs.outputFile)]
      for (const { outputFile } of Object.values(launch.outputs.parameters)) wanted.push(dirname(outputFile))
      for (const { path } of Object.values(launch.outputs.artifacts)) wanted.push(dirname(path))
      if (launch.usesWorkspace) wanted.push(`${mountPath}/workspaces/${runId}`)
      for (const path of new Set(wanted)) {
        const local = here(path)
        if (local) await makeOpenFolder(local)
      }
    },
    async readOutputs(launch) {
      const read = async (path: string): Promise<string | undefined> => {
        const local = here(path)
        return local ? await readValue(local) : undefined
      }
      const parameters = await Promise.all(
        Object.entries(launch.outputs.parameters).map(async ([name, { outputFile }]) => [name, await read(outputFile)]),
      )
      return {
        executorOutput: await read(launch.executorInput.outputs.outputFile),
        parameterFiles: Object.fromEntries(parameters),
      }
    },
    async withDigests(outputs, pathOf) {
      const artifacts: Record<string, RuntimeArtifact[]> = {}
      for (const [name, list] of Object.entries(outputs.artifacts)) {
        artifacts[name] = await Promise.all(
          list.map(async (artifact) => {
            const local = here(pathOf(artifact))
            const digest = local ? await digestPath(local) : undefined
            return digest === undefined ? artifact : { ...artifact, digest }
          }),
        )
      }
      return { parameters: outputs.parameters, artifacts }
    },
    async damageOf(artifact) {
      const path = artifact.customPath ?? artifact.uri
      const local = here(path)
      if (!local || artifact.digest === undefined) return undefined
      const digest = await digestPath(local)
      if (digest === undefined) return `artifact "${artifact.name}" no longer exists at ${path}`
      return digest === artifact.digest ? undefined : `artifact "${artifact.name}" at ${path} was changed since`
    },
    async digestOf(uri) {
      const local = here(uri)
      return local ? await digestPath(local) : undefined
    },
    async openLog(runId, task, attempt) {
      const file = logFile(runId, task, attempt)
      await mkdir(dirname(file), { recursive: true })
      return createWriteStream(file)
    },
    readLog: (runId, task, attempt) => readValue(logFile(runId, task, attempt)),
    async deleteRun(runId, withArtifacts) {
      const gone = [`logs/${runId}`, `scratch/${runId}`, `workspaces/${runId}`]
      for (const path of gone) await rm(join(folder, path), { recursive: true, force: true })
      if (!withArtifacts) return
      // Artifacts lie under <root>/<pipeline>/<run id>; the pipeline's name is not needed to find them.
      const { glob } = await import('node:fs/promises')
      for await (const path of glob(`artifacts/*/${runId}`, { cwd: folder })) {
        await rm(join(folder, path), { recursive: true, force: true })
      }
    },
  }
}

const fileName = (segment: string): string => segment.replaceAll(/[^\w.[\]-]/g, '_').replace(/^\.+$/, '_')

/** Makes a folder and its missing parents, all of them writable for the user of the step. */
async function makeOpenFolder(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true })
  if (first === undefined) return
  for (let at = path; at.length >= first.length; at = dirname(at)) await chmod(at, OPEN_TO_STEPS)
}

/** A step may have left anything there: only a plain file of a bounded size is read. */
async function readValue(path: string): Promise<string | undefined> {
  try {
    const found = await lstat(path)
    if (!found.isFile() || found.size > MAX_VALUE_BYTES) return undefined
    return await readFile(path, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw error
  }
}
