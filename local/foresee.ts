/** `--dry-run` on this machine: what a run or a resume would do, from journals, cache and artifacts that are there. Changes nothing. */
import type { JsonValue } from '../api/json.ts'
import type { PipelineDocument } from '../api/platform-spec.ts'
import { type Ask, begin, type ForeseenTask, foresee, prepare } from '../engine/index.ts'
import { openCacheIndex } from '../store/cache-index.ts'
import { runPaths } from '../store/run-folder.ts'
import { lookUp } from './executor.ts'
import { artifactPath, importArtifact } from './import-artifact.ts'
import { makeMachine, type RunOptions } from './machine.ts'
import { firstEvent, replay } from './replay.ts'
import { openReuse } from './reuse.ts'
import { cacheFolder, checkStart, manifestOf } from './run.ts'
import { newRunConfig } from './run-config.ts'

/** @throws InvalidInputError for what would keep the run from starting */
export async function foreseeRun(
  document: PipelineDocument,
  args: Readonly<Record<string, JsonValue>>,
  options: RunOptions,
): Promise<ForeseenTask[]> {
  await checkStart(document, args, options)
  const program = prepare(document)
  const state = begin(program, await newRunConfig(document, args, options))
  return await foresee(program, state, { kind: 'started' }, askHere(options), Date.now())
}

/** What going on with a run would do. @throws InvalidInputError when there is no such run */
export async function foreseeResume(runId: string, options: RunOptions): Promise<ForeseenTask[]> {
  const manifest = await manifestOf(options.root, runId)
  const replayed = await replay(runPaths(options.root, runId), manifest)
  const { program, state } = replayed
  return await foresee(program, state, firstEvent(replayed), askHere(options), Date.now())
}

function askHere(options: RunOptions): Ask {
  const cache = openCacheIndex(cacheFolder(options.root), artifactPath)
  const reuse = openReuse(options.root)
  const { openStore } = makeMachine(options)
  return async (action) => {
    switch (action.kind) {
      case 'find-reusable': {
        const { task, runId, contentKey } = action
        return { kind: 'reuse-answered', task, answer: await reuse(runId, task, contentKey) }
      }
      case 'look-up-cache':
        return await lookUp(cache, action)
      case 'import-artifact': {
        const { task, attempt, request } = action
        // A download is for the run itself.
        if (request.downloadToWorkspace) return undefined
        const result = await importArtifact(request, '', openStore).catch(() => undefined)
        return result && { kind: 'attempt-finished', task, attempt, result }
      }
      default:
        return undefined
    }
  }
}
