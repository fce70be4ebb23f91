/** `kfp-ts explain`: why a task of a local run was, or was not, taken from the cache. */
import { resolve } from 'node:path'
import { closest } from '../../api/closest.ts'
import { InvalidInputError } from '../../api/issue.ts'
import { type CacheExplanation, explainCache } from '../../local/explain-cache.ts'
import { shortPath } from '../../local/progress/plain.ts'
import { type Style, styleFor } from '../../local/progress/terminal.ts'
import { DEFAULT_ROOT, runPaths } from '../../store/run-folder.ts'
import { usageIssue } from '../errors.ts'
import { findRunId } from '../local-runs.ts'
import type { Command } from './index.ts'

interface ExplainArgs {
  readonly run: string
  readonly task: string | undefined
  readonly root: string
  readonly json: boolean
}

export const command: Command<ExplainArgs> = {
  command: 'explain <run> [task]',
  describe:
    'Say for each task of a run whether the cache had its result, and if not, what changed since the nearest earlier one.',
  builder: (yargs) =>
    yargs
      .positional('run', { type: 'string', demandOption: true, describe: 'Run id, its beginning, or "last"' })
      .positional('task', { type: 'string', describe: 'Only this task' })
      .option('json', { type: 'boolean', default: false, describe: 'Print one JSON list' })
      .option('root', { type: 'string', default: DEFAULT_ROOT, describe: 'Folder for runs and cache' })
      .example('$0 explain last', 'all tasks of the newest run')
      .example('$0 explain last train', 'one of them'),
  handler: async ({ run, task, root: folder, json }) => {
    const root = resolve(folder)
    const all = await explainCache(runPaths(root, await findRunId(root, run)))
    const chosen = task === undefined ? all : choose(all, task)
    if (json) process.stdout.write(`${JSON.stringify(chosen)}\n`)
    else
      process.stdout.write(
        chosen.map((item) => render(item, styleFor(process.stdout))).join('') ||
          'no task of this run asked the cache\n',
      )
  },
}

function choose(all: readonly CacheExplanation[], typed: string): CacheExplanation[] {
  const found = all.filter(({ task }) => shortPath(task) === shortPath(typed) || task.endsWith(`/${typed}`))
  if (found.length > 0) return found
  const names = all.map(({ task }) => shortPath(task))
  const meant = closest(typed, names)
  const hint = meant
    ? `did you mean "${meant}"?`
    : names.length > 0
      ? `tasks that asked the cache: ${names.slice(0, 10).join(', ')}`
      : 'caching was off in this run'
  throw new InvalidInputError([usageIssue('unknown-task', `no task "${typed}" of this run asked the cache`, hint)])
}

function render(item: CacheExplanation, style: Style): string {
  const name = style.bold(shortPath(item.task))
  if (item.hit)
    return `${name}  ${style.green('hit')}: the result of ${shortPath(item.source!.task)} in run ${item.source!.runId}\n`
  const head = `${name}  ${style.yellow('miss')}: ${item.reason}\n`
  if (!item.nearest) return head
  const { nearest } = item
  const changes = nearest.changes.map(
    ({ part, before, now }) => `    ${part}: ${before ?? '(absent)'} -> ${now ?? '(absent)'}\n`,
  )
  const intro = changes.length === 0 ? 'the same key is there now' : 'changed'
  return `${head}  nearest: ${shortPath(nearest.task)} in run ${nearest.runId}; ${intro}\n${changes.join('')}`
}
