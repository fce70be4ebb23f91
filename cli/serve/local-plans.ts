/** What the server of this machine answers from journals: dry runs, and what the cache said. Before: local-executor.ts. */
import { InvalidInputError } from '../../api/issue.ts'
import { parsePipelineDocument } from '../../api/parse.ts'
import { explainCache } from '../../local/explain-cache.ts'
import { foreseeResume, foreseeRun } from '../../local/foresee.ts'
import type { RunOptions } from '../../local/machine.ts'
import type { RunExecutor } from '../../server/run-executor.ts'
import { readManifest, runPaths } from '../../store/run-folder.ts'

type Plans = Required<Pick<RunExecutor, 'explainCache' | 'foreseeRetry' | 'foresee'>>

export function localPlans(options: Pick<RunOptions, 'root' | 'hostCommands' | 'runtime'>): Plans {
  const isKept = async (runId: string) => (await readManifest(runPaths(options.root, runId))) !== undefined
  return {
    explainCache: async (runId) =>
      (await isKept(runId)) ? await explainCache(runPaths(options.root, runId)) : undefined,
    foreseeRetry: async (runId) => ((await isKept(runId)) ? await foreseeResume(runId, options) : undefined),
    async foresee({ pipelineText, arguments: values, cache, reuse }) {
      const { document, issues } = parsePipelineDocument(pipelineText)
      if (!document) throw new InvalidInputError(issues)
      const choices = { ...options, cache: cache !== false, ...(reuse === undefined ? {} : { reuse }) }
      return await foreseeRun(document, values, choices)
    },
  }
}
