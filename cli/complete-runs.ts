/** Names of runs for shell completion: of this machine, or of the cluster that the words so far name. Never fails, never takes long. */
import { connect } from '../client/connect.ts'
import { createRunsClient } from '../client/runs.ts'
import { listRuns } from './local-runs.ts'
import { isClusterTarget, rootOf } from './target.ts'

/** Options that stand alone: the word after any other is its value. */
const FLAGS = new Set(['-c', '--cluster', '-f', '--follow', '--json', '--wait', '--dry-run', '--list'])
const TIMEOUT_MILLIS = 1_500

/** @param words after the command, the last one unfinished */
export async function completeRuns(words: readonly string[]): Promise<string[]> {
  const before = words.slice(0, -1)
  const isValue = (index: number) => before[index - 1]?.startsWith('-') === true && !FLAGS.has(before[index - 1]!)
  const hasRun = before.some((word, index) => !word.startsWith('-') && !isValue(index))
  if (hasRun || words.at(-1)?.startsWith('-') || isValue(before.length)) return []
  const given = (...names: readonly string[]) => {
    const at = before.findIndex((word) => names.includes(word))
    return at < 0 ? undefined : before[at + 1]
  }
  const args = {
    cluster: before.includes('-c') || before.includes('--cluster'),
    namespace: given('-n', '--namespace'),
    kubeconfig: given('--kubeconfig'),
    context: given('--context'),
    server: given('--server'),
    root: given('--root'),
  }
  try {
    if (!isClusterTarget(args)) return ['last', ...(await listRuns(rootOf(args))).map(({ runId }) => runId)]
    const { kubeconfig, context } = args
    const { kube, access } = connect({ kubeconfig, context, timeoutMillis: TIMEOUT_MILLIS, maxTries: 1 })
    const runs = await createRunsClient(kube, args.namespace ?? access.namespace).list()
    return runs.map(({ metadata }) => metadata.name)
  } catch {
    return []
  }
}
