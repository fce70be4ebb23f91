/** The store on a volume: pods and operator mount the same directory, so nothing is copied. Makes places, reads outputs, keeps logs. */
import { createReadStream, createWriteStream } from 'node:fs'
import { chmod, cp, lstat, mkdir, open, readdir, readFile, realpath, rm } from 'node:fs/promises'
import { basename, dirname, join, normalize } from 'node:path'
import type { RuntimeArtifact } from '../api/executor-io.ts'
import type { ArtifactStore } from '../store/artifact-store.ts'
import { digestPath, isWithin } from '../store/digest.ts'
import { measure } from '../store/directory-store.ts'
import { readBelow } from '../store/read-below.ts'
import { TAIL_BYTES } from './log-resume.ts'
import { type AttemptPlace, attemptsOf, type RunStore } from './run-store.ts'

export interface VolumeStoreOptions {
  /** The volume as the operator sees it. */
  readonly folder: string
  /** The volume as steps see it. */
  readonly mountPath: string
  /** A store that can read a URI that is not on the volume, for importers. */
  readonly openStore?: (uri: string) => Promise<(Pick<ArtifactStore, 'download'> & { close(): void }) | undefined>
}

/** Steps run as another user than the operator; each run's own directories are open to them. */
const OPEN_TO_STEPS = 0o777
/** Text files that hold values; larger ones would not fit a database or a parameter. */
const MAX_VALUE_BYTES = 16 * 1024 * 1024

export function createVolumeStore({ folder, mountPath, openStore }: VolumeStoreOptions): RunStore {
  /** The operator's path of a step's path; undefined outside the volume, also for one that leads out of it. */
  const here = (path: string): string | undefined => {
    const clean = normalize(path)
    return clean === mountPath || clean.startsWith(`${mountPath}/`)
      ? join(folder, clean.slice(mountPath.length))
      : undefined
  }
  const logFile = ({ runId, task, attempt }: AttemptPlace): string =>
    join(folder, 'logs', runId, ...task.split('/').map(fileName), `attempt-${attempt}.log`)

  /** @returns why it could not be copied */
  async function copyIn(uri: string, target: string): Promise<string | undefined> {
    const local = here(uri)
    if (local !== undefined) {
      if (!(await lstat(local).catch(() => undefined))) return `there is nothing to import at ${uri}`
      await cp(local, target, { recursive: true, force: true, verbatimSymlinks: true })
      return undefined
    }
    const store = await openStore?.(uri)
    if (!store) return `${uri} can't be copied to the workspace: the operator reads paths of its volume and s3:// URIs`
    try {
      return (await store.download(uri, target)) ? undefined : `there is nothing to import at ${uri}`
    } finally {
      store.close()
    }
  }

  return {
    pathsOf: (runId) => ({
      artifacts: `${mountPath}/artifacts`,
      scratch: `${mountPath}/scratch/${runId}`,
      workspaceSubPath: `workspaces/${runId}`,
    }),
    rootOf: (wanted) => rootOnVolume(wanted, mountPath),
    async prepare(launch, runId) {
      const wanted = [launch.scratchDir, dirname(launch.executorInput.outputs.outputFile)]
      for (const { outputFile } of Object.values(launch.outputs.parameters)) wanted.push(dirname(outputFile))
      for (const { path } of Object.values(launch.outputs.artifacts)) wanted.push(dirname(path))
      if (launch.usesWorkspace) wanted.push(`${mountPath}/workspaces/${runId}`)
      for (const path of new Set(wanted)) {
        const local = here(path)
        if (local) await makeOpenFolder(local, folder)
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
    async withDigests(outputs) {
      const artifacts: Record<string, RuntimeArtifact[]> = {}
      for (const [name, list] of Object.entries(outputs.artifacts)) {
        artifacts[name] = await Promise.all(
          list.map(async (artifact) => {
            const local = here(artifact.customPath ?? artifact.uri)
            const digest = local ? await digestPath(local, folder) : undefined
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
      const digest = await digestPath(local, folder)
      if (digest === undefined) return `artifact "${artifact.name}" no longer exists at ${path}`
      return digest === artifact.digest ? undefined : `artifact "${artifact.name}" at ${path} was changed since`
    },
    async find(uri) {
      const refused = { refused: `it does not lie on the volume of the store (${mountPath}/)` }
      const local = here(uri.replace(/^file:\/\//, ''))
      if (!local) return refused
      // A step may have left a link to anywhere.
      const place = await realpath(local).catch(() => undefined)
      if (place === undefined) return undefined
      return isWithin(await realpath(folder), place) ? await measure(place) : refused
    },
    async digestOf(uri) {
      const local = here(uri)
      return local ? await digestPath(local, folder) : undefined
    },
    async copyToWorkspace(uri, runId, place) {
      const target = join(folder, 'workspaces', runId, place)
      await makeOpenFolder(dirname(target), folder)
      const failure = await copyIn(uri, target)
      if (failure !== undefined) return { failure }
      await openToSteps(target)
      return { digest: await digestPath(target, folder) }
    },
    async keptLog(place) {
      const file = await open(logFile(place)).catch(missing)
      if (!file) return undefined
      try {
        const { size, mtimeMs } = await file.stat()
        const start = Math.max(0, size - TAIL_BYTES)
        const { buffer, bytesRead } = await file.read(Buffer.alloc(size - start), 0, size - start, start)
        return { modifiedAt: mtimeMs, tail: { bytes: buffer.subarray(0, bytesRead), isWhole: start === 0 } }
      } finally {
        await file.close()
      }
    },
    async openLog(place) {
      const file = logFile(place)
      await mkdir(dirname(file), { recursive: true })
      return createWriteStream(file, { flags: 'a' })
    },
    readLog: async (place) => {
      const file = logFile(place)
      return (await lstat(file).catch(missing)) ? createReadStream(file) : undefined
    },
    async keptLogs(runId, task) {
      const names = await readdir(dirname(logFile({ runId, task, attempt: 0 }))).catch(missing)
      return attemptsOf(names ?? [])
    },
    async readArtifact(uri) {
      const local = here(uri)
      return local ? await readBelow(join(folder, 'artifacts'), local) : undefined
    },
    async deleteRun(runId, artifacts) {
      const gone = [`logs/${runId}`, `scratch/${runId}`, `workspaces/${runId}`]
      for (const path of gone) await rm(join(folder, path), { recursive: true, force: true })
      const local = artifacts && here(artifacts)
      if (local && basename(local) === runId) await rm(local, { recursive: true, force: true })
    },
  }
}

/** Everything is kept on the volume: a root elsewhere becomes a folder of the volume. */
function rootOnVolume(wanted: string | undefined, mountPath: string): string {
  const byDefault = `${mountPath}/artifacts`
  if (wanted === undefined) return byDefault
  if (wanted.startsWith(`${mountPath}/`)) return wanted.replace(/\/+$/, '')
  const folder = wanted
    .replace(/^[a-z0-9]+:\/\//i, '')
    .split('/')
    .filter((part) => part !== '' && part !== '.' && part !== '..')
    .join('/')
  return folder === '' ? byDefault : `${byDefault}/${folder}`
}

const missing = (error: NodeJS.ErrnoException): undefined => {
  if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') throw error
}

const fileName = (segment: string): string => segment.replaceAll(/[^\w.[\]-]/g, '_').replace(/^\.+$/, '_')

/** Makes a folder and its missing parents, all of them writable for the user of the step. */
async function makeOpenFolder(path: string, root: string): Promise<void> {
  await mkdir(path, { recursive: true })
  // From above to below: an operator that was killed in between left the last one closed, and the next one sees it.
  const closed: string[] = []
  for (let at = path; at.length > root.length && (await isClosed(at)); at = dirname(at)) closed.unshift(at)
  for (const folder of closed) await chmod(folder, OPEN_TO_STEPS)
}

/** What a step made is its own. */
async function isClosed(path: string): Promise<boolean> {
  const found = await lstat(path)
  return found.isDirectory() && found.uid === process.getuid?.() && (found.mode & 0o777) !== OPEN_TO_STEPS
}

/** Steps may change their copy. */
async function openToSteps(path: string): Promise<void> {
  const found = await lstat(path)
  if (found.isSymbolicLink()) return
  if (!found.isDirectory()) return await chmod(path, 0o666)
  await chmod(path, OPEN_TO_STEPS)
  for (const name of await readdir(path)) await openToSteps(join(path, name))
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
