/** The settings of a new run: its id and where its files go. */
import { randomBytes } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { resolve } from 'node:path'
import { InvalidInputError } from '../api/issue.ts'
import type { JsonValue } from '../api/json.ts'
import type { PipelineDocument } from '../api/platform-spec.ts'
import type { RunConfig } from '../engine/types.ts'
import { runPaths } from '../store/run-folder.ts'
import type { RunOptions } from './machine.ts'

export function newRunConfig(
  document: PipelineDocument,
  args: Readonly<Record<string, JsonValue>>,
  options: RunOptions,
): RunConfig {
  const createTime = Date.now()
  const runId = options.runId ?? newRunId(document.spec.pipelineInfo.name, createTime)
  const paths = runPaths(options.root, runId)
  return {
    runId,
    runName: options.runName ?? runId,
    resourceName: runId,
    arguments: args,
    pipelineRoot: artifactRoot(options.pipelineRoot) ?? paths.artifacts,
    scratchRoot: paths.scratch,
    workspacePath: paths.workspace,
    parallelism: options.parallelism ?? Math.max(4, availableParallelism()),
    cache: options.cache ?? true,
    ...(options.reuse === undefined ? {} : { reuse: { runId: options.reuse, runName: options.reuse } }),
    ...(options.timeoutMillis === undefined ? {} : { timeoutMillis: options.timeoutMillis }),
    ...(options.taskTimeoutMillis === undefined ? {} : { taskTimeoutMillis: options.taskTimeoutMillis }),
    createTime,
  }
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
