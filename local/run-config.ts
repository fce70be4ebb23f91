/** The settings of a new run: its id and where its files go. */
import { randomBytes } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { resolve } from 'node:path'
import { InvalidInputError } from '../api/issue.ts'
import type { JsonValue } from '../api/json.ts'
import type { PipelineDocument } from '../api/platform-spec.ts'
import { argumentUris } from '../engine/index.ts'
import type { RunConfig } from '../engine/types.ts'
import { digestPath } from '../store/digest.ts'
import { runPaths } from '../store/run-folder.ts'
import { localPathOf } from './import-artifact.ts'
import type { RunOptions } from './machine.ts'

export async function newRunConfig(
  document: PipelineDocument,
  args: Readonly<Record<string, JsonValue>>,
  options: RunOptions,
): Promise<RunConfig> {
  const argumentDigests = await digestArguments(argumentUris(document, args))
  const createTime = Date.now()
  const pipelineName = document.spec.pipelineInfo.name
  const runId = options.runId ?? newRunId(pipelineName, createTime)
  const paths = runPaths(options.root, runId)
  return {
    runId,
    runName: options.runName ?? runId,
    // Components look for their pipeline's name in it, as in the names that Kubeflow makes.
    resourceName: runId.includes(pipelineName) ? runId : `${pipelineName}-${runId}`,
    arguments: args,
    ...(Object.keys(argumentDigests).length > 0 ? { argumentDigests } : {}),
    pipelineRoot: artifactRoot(options.pipelineRoot) ?? paths.artifacts,
    scratchRoot: paths.scratch,
    workspacePath: paths.workspace,
    parallelism: options.parallelism ?? Math.max(4, availableParallelism()),
    cache: options.cache ?? true,
    ...(options.reuse === undefined ? {} : { reuse: { runId: options.reuse, runName: options.reuse } }),
    ...(options.timeoutMillis === undefined ? {} : { timeoutMillis: options.timeoutMillis }),
    ...(options.taskTimeoutMillis === undefined ? {} : { taskTimeoutMillis: options.taskTimeoutMillis }),
    createTime,
    ...(options.scheduleTime === undefined ? {} : { scheduleTime: options.scheduleTime }),
  }
}

/** The cache compares contents, and so must know what was at a path when the run began. */
async function digestArguments(uris: readonly string[]): Promise<Record<string, string>> {
  const digests: Record<string, string> = {}
  for (const uri of new Set(uris)) {
    const path = localPathOf(uri)
    const digest = path === undefined ? undefined : await digestPath(path)
    if (digest !== undefined) digests[uri] = digest
  }
  return digests
}

/** For example `hybrid-ml-pipeline-20261123-184512-k3f9`: says what and when, sorts by time within a pipeline. */
function newRunId(pipelineName: string, at: number): string {
  const name = pipelineName
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '')
    .slice(0, 60)
  const time = new Date(at).toISOString().replaceAll(/[-:]/g, '').replace('T', '-').slice(0, 15)
  return `${name || 'run'}-${time}-${randomBytes(2).toString('hex')}`
}

function artifactRoot(given: string | undefined): string | undefined {
  if (given === undefined || !given.includes('://')) return given === undefined ? undefined : resolve(given)
  if (given.startsWith('file://')) return resolve(given.slice('file://'.length))
  const message = `--pipeline-root ${given}: a local run keeps its artifacts in a folder of this machine`
  throw new InvalidInputError([
    { code: 'remote-pipeline-root', severity: 'error', path: '', message, hint: 'give a folder' },
  ])
}
