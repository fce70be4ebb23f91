/** The store on S3: the launcher in the pod copies artifacts in and out and leaves a result; the operator reads that and keeps logs. */
import { createHash } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { RuntimeArtifact } from '../api/executor-io.ts'
import type { StagingResult } from '../api/staging-plan.ts'
import type { ArtifactStore } from '../store/artifact-store.ts'
import { keptObjectLog, openObjectLog, readObjectLog } from './object-log.ts'
import { type AttemptPlace, attemptsOf, type RunStore } from './run-store.ts'

export interface ObjectStoreOptions {
  readonly store: ArtifactStore
  /** For example `s3://bucket/prefix`. */
  readonly root: string
  /** Where steps find their files. */
  readonly mountPath: string
  /** How long the launcher may take to copy outputs after the step ended. @default 600_000 */
  readonly publishMillis?: number
}

const POLL_MILLIS = 100
const SCHEMES = ['s3://', 'minio://'] as const

export function createObjectStore(options: ObjectStoreOptions): RunStore {
  const { store, mountPath } = options
  const root = options.root.replace(/\/+$/, '')
  const isOurs = (uri: string): boolean => SCHEMES.some((scheme) => uri.startsWith(scheme))

  return {
    pathsOf: (runId) => ({
      artifacts: `${root}/artifacts`,
      scratch: `${mountPath}/scratch/${runId}`,
      workspaceSubPath: `workspaces/${runId}`,
    }),
    rootOf: (wanted) => (wanted && isOurs(wanted) ? wanted.replace(/\/+$/, '') : `${root}/artifacts`),
    // The launcher makes the folders, inside the pod.
    prepare: async () => {},
    async readOutputs(_launch, place, complete) {
      const result = await waitForResult(store, resultUri(root, place), options.publishMillis ?? 600_000, complete)
      if (result.error) throw new Error(`the launcher could not copy them: ${result.error}`)
      return result
    },
    async withDigests(outputs, { digests = {} }) {
      const artifacts: Record<string, RuntimeArtifact[]> = {}
      for (const [name, list] of Object.entries(outputs.artifacts)) {
        const digest = digests[name]
        artifacts[name] = list.map((artifact) => (digest === undefined ? artifact : { ...artifact, digest }))
      }
      return { parameters: outputs.parameters, artifacts }
    },
    async damageOf(artifact) {
      if (!isOurs(artifact.uri) || artifact.digest === undefined) return undefined
      const found = await store.find(artifact.uri)
      if (!found) return `artifact "${artifact.name}" no longer exists at ${artifact.uri}`
      const digest = found.kind === 'file' ? await store.digest(artifact.uri) : undefined
      if (digest === undefined || digest === artifact.digest) return undefined
      return `artifact "${artifact.name}" at ${artifact.uri} was changed since`
    },
    digestOf: async (uri) => (isOurs(uri) ? await store.digest(uri) : undefined),
    // The operator's credentials may open more buckets than its users may see.
    find: async (uri) => {
      if (isOurs(uri) && bucketOf(uri) === bucketOf(root)) return await store.find(uri)
      return { refused: `it does not lie in the bucket of the store (s3://${bucketOf(root)}/)` }
    },
    resultUri: (place) => resultUri(root, place),
    keptLog: (place) => keptObjectLog({ store, uri: logUri(root, place) }),
    openLog: (place) => openObjectLog({ store, uri: logUri(root, place) }),
    readLog: (place) => readObjectLog({ store, uri: logUri(root, place) }),
    async keptLogs(runId, task) {
      const names = await store.list(`${root}/logs/${runId}/${task.split('/').map(encodeURIComponent).join('/')}`)
      return attemptsOf(names)
    },
    readArtifact: async (uri) => (isBelow(root, uri) ? await store.read(uri) : undefined),
    async deleteRun(runId, artifacts) {
      await store.remove(`${root}/logs/${runId}`)
      await store.remove(`${root}/results/${runId}`)
      if (artifacts && isOurs(artifacts) && artifacts.endsWith(`/${runId}`)) await store.remove(artifacts)
    },
  }
}

/** Nobody is led out of the root by a URI that a step wrote. */
function isBelow(root: string, uri: string): boolean {
  const path = uri.startsWith('minio://') ? `s3://${uri.slice('minio://'.length)}` : uri
  return path.startsWith(`${root}/artifacts/`) && !path.split('/').some((part) => part === '..' || part === '.')
}

const bucketOf = (uri: string): string => /^\w+:\/\/([^/]*)/.exec(uri)?.[1] ?? ''

/** Where the launcher of an attempt leaves its result. */
export function resultUri(root: string, { runId, task, attempt }: AttemptPlace): string {
  const digest = createHash('sha256').update(task).digest('hex').slice(0, 24)
  return `${root.replace(/\/+$/, '')}/results/${runId}/${digest}-${attempt}.json`
}

const logUri = (root: string, { runId, task, attempt }: AttemptPlace): string =>
  `${root}/logs/${runId}/${task.split('/').map(encodeURIComponent).join('/')}/attempt-${attempt}.log`

async function waitForResult(
  store: ArtifactStore,
  uri: string,
  limitMillis: number,
  complete: AbortSignal,
): Promise<StagingResult> {
  const deadline = Date.now() + limitMillis
  while (true) {
    // Asked before the look: what the launcher wrote last is found.
    const isLast = complete.aborted || Date.now() > deadline
    const stream = await store.read(uri)
    if (stream) {
      const chunks: Buffer[] = []
      for await (const chunk of stream) chunks.push(chunk as Buffer)
      return JSON.parse(Buffer.concat(chunks).toString('utf8')) as StagingResult
    }
    if (isLast) throw new Error(`the launcher left no result at ${uri}`)
    await delay(POLL_MILLIS, undefined, { signal: complete }).catch(() => {})
  }
}
