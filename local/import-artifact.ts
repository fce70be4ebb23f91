/** Importers on this machine: register what a URI names; copy it into the workspace where the pipeline asks for it. */
import { cp, mkdir, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { RuntimeArtifact } from '../api/executor-io.ts'
import type { AttemptResult, ImportRequest } from '../engine/types.ts'
import type { ArtifactStore } from '../store/artifact-store.ts'
import { digestPath } from '../store/digest.ts'

/** @param openStore gives the store that can read a URI (S3), or undefined when this machine has no way to it */
export async function importArtifact(
  request: ImportRequest,
  workspace: string,
  openStore: (uri: string) => Promise<ArtifactStore | undefined>,
): Promise<AttemptResult> {
  const base: RuntimeArtifact = {
    name: request.outputName,
    type: request.type,
    uri: request.uri,
    metadata: request.metadata,
  }
  if (!request.downloadToWorkspace) return succeeded(request, await withDigest(base, localPathOf(request.uri)))
  const target = join(workspace, '.artifacts', ...workspacePlace(request.uri))
  const failure = await download(request.uri, target, openStore)
  if (failure) return { outcome: 'failed', failure: { cause: 'infrastructure', message: failure } }
  const metadata = { ...request.metadata, _kfp_workspace: true }
  return succeeded(request, await withDigest({ ...base, metadata, customPath: target }, target))
}

/** @returns the path when a URI names something on this host, else undefined */
export function localPathOf(uri: string): string | undefined {
  if (uri.startsWith('file://')) return fileURLToPath(uri)
  return uri.startsWith('/') ? uri : undefined
}

async function download(
  uri: string,
  target: string,
  openStore: (uri: string) => Promise<ArtifactStore | undefined>,
): Promise<string | undefined> {
  await mkdir(dirname(target), { recursive: true })
  const path = localPathOf(uri)
  if (path !== undefined) {
    const found = await stat(path).catch(() => undefined)
    if (!found) return `there is nothing to import at ${path}`
    await cp(path, target, { recursive: true, force: true })
    return undefined
  }
  const store = await openStore(uri)
  if (!store) return `${uri} can't be copied to the workspace: on this machine only paths and s3:// URIs can be read`
  const copied = await store.download(uri, target)
  return copied ? undefined : `there is nothing to import at ${uri}`
}

/** `s3://bucket/a/b` lies under `s3/bucket/a/b`, as in a cluster. */
function workspacePlace(uri: string): string[] {
  const [, scheme = 'file', rest = uri] = /^(\w+):\/\/([^?]*)/.exec(uri) ?? []
  return [scheme, ...rest.split('/').filter((segment) => segment !== '' && segment !== '..')]
}

async function withDigest(artifact: RuntimeArtifact, path: string | undefined): Promise<RuntimeArtifact> {
  const digest = path === undefined ? undefined : await digestPath(path)
  return digest === undefined ? artifact : { ...artifact, digest }
}

function succeeded(request: ImportRequest, artifact: RuntimeArtifact): AttemptResult {
  return { outcome: 'succeeded', outputs: { parameters: {}, artifacts: { [request.outputName]: [artifact] } } }
}

/** Where a cache, or a run that reuses results, finds an artifact on this machine. */
export function artifactPath(artifact: RuntimeArtifact): string | undefined {
  return artifact.customPath ?? localPathOf(artifact.uri)
}
