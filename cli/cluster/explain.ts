/** Says why tasks of a run on a cluster were taken from the cache or not: only the server has the journal. Before: commands/explain.ts. */
import { InvalidInputError } from '../../api/issue.ts'
import { servedId } from '../../client/run-logs.ts'
import { withRuns } from '../cluster.ts'
import type { ExplainArgs } from '../commands/explain.ts'
import { usageIssue } from '../errors.ts'
import { tellCache } from '../tell-cache.ts'

export async function explainOnCluster(args: ExplainArgs): Promise<void> {
  await withRuns(args, async ({ find, server }) => {
    const run = await find(args.run)
    const told = await server.explainCache(servedId(run))
    if (told) return tellCache(args, told)
    const { name } = run.metadata
    const message = `the server (${server.place}) keeps no journal of run ${name} (${run.status?.phase ?? 'Pending'})`
    throw new InvalidInputError([
      usageIssue(
        'no-journal',
        message,
        'a run that never started has none; an operator of an earlier version tells none',
      ),
    ])
  })
}
