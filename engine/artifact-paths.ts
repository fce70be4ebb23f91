/** Where the files of an artifact are, as a step sees them, and where a task's outputs go. Pure: only names are computed. */
import type { RuntimeArtifact } from '../api/executor-io.ts'
import { digestOf } from './digest.ts'
import type { RunConfig, TaskPath } from './types.ts'

export const DEFAULT_WORKSPACE_PATH = '/kfp-workspace'

export function workspacePathOf(config: RunConfig): string {
  return config.workspacePath ?? DEFAULT_WORKSPACE_PATH
}

/** Kubeflow's prefixes. */
const DEFAULT_URI_PATHS = [
  { prefix: 'gs://', path: '/gcs/' },
  { prefix: 's3://', path: '/s3/' },
  { prefix: 'minio://', path: '/minio/' },
  { prefix: 'file://', path: '' },
]

/** A URI as a local path: mapped by its prefix, or itself. A query (`?region=...`) is no part of the path. */
export function pathOfUri(uri: string, config: RunConfig): string {
  const custom = config.uriPaths?.find(({ prefix }) => uri.startsWith(prefix))
  if (custom) return custom.path + uri.slice(custom.prefix.length)
  if (uri.startsWith('oci://')) return `/oci/${uri.slice('oci://'.length).replaceAll('/', '_')}/models`
  const known = DEFAULT_URI_PATHS.find(({ prefix }) => uri.startsWith(prefix))
  if (!known) return uri
  const path = uri.slice(known.prefix.length).split('?')[0]!
  return known.path + (known.prefix === 'file://' ? decoded(path) : path)
}

/** Names of buckets' objects are written as they are, file URLs with escapes. */
function decoded(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}

/** Where a step finds an artifact: its custom path, its copy in the workspace, or the path of its URI. */
export function pathOfArtifact(artifact: RuntimeArtifact, config: RunConfig): string {
  if (artifact.customPath) return artifact.customPath
  if (artifact.metadata['_kfp_workspace'] !== true) return pathOfUri(artifact.uri, config)
  const [, scheme = '', rest = artifact.uri] = /^([a-z0-9]+):\/\/(.*)$/i.exec(artifact.uri) ?? []
  const folder = scheme === 'gs' ? 'gcs' : scheme
  const place = `${folder}/${rest.split('?')[0]}`.replace(/^\/+/, '')
  return `${workspacePathOf(config)}/.artifacts/${place}`
}

/** 16 hex digits that stand for a task of a run, the same after every restart. */
export function taskId(config: RunConfig, task: TaskPath): string {
  return digestOf(`${config.runId}\0${task}`).slice(0, 16)
}

/** `<root>/<pipeline>/<run>`: the URI under which all outputs of a run lie. */
export function runFolderUri({ pipelineRoot, runId }: RunConfig, pipelineName: string): string {
  return `${pipelineRoot.split('?')[0]!.replace(/\/+$/, '')}/${pipelineName}/${runId}`
}

/** `<root>/<pipeline>/<run>/<task key>/<id>`: the URI under which all outputs of a task lie, for all of its attempts. */
export function outputFolderUri(config: RunConfig, pipelineName: string, taskKey: string, id: string): string {
  return `${runFolderUri(config, pipelineName)}/${taskKey}/${id}`
}

/** An output's name as the name of a file. */
export function fileName(output: string): string {
  const name = encodeURIComponent(output)
  return name === '.' || name === '..' ? `_${name}` : name
}
