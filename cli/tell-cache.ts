/** What `kfp-ts explain` prints, of a run of this machine or of a cluster. */
import type { CacheExplanation, EarlierTask } from '../api/cache-explanation.ts'
import { closest } from '../api/closest.ts'
import { InvalidInputError } from '../api/issue.ts'
import { shortPath } from '../local/progress/plain.ts'
import { type Style, styleFor } from '../local/progress/terminal.ts'
import { usageIssue } from './errors.ts'

export interface TellCacheArgs {
  /** Path of the only task to tell of, or its end. */
  readonly task: string | undefined
  readonly json: boolean
}

/** On stdout; with `json` as one list. @throws InvalidInputError when `task` asked nothing */
export function tellCache({ task, json }: TellCacheArgs, all: readonly CacheExplanation[]): void {
  const chosen = task === undefined ? all : choose(all, task)
  if (json) {
    process.stdout.write(`${JSON.stringify(chosen)}\n`)
    return
  }
  const style = styleFor(process.stdout)
  process.stdout.write(chosen.map((item) => render(item, style)).join('') || 'no task of this run asked the cache\n')
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

function render({ task, hit, source, reason, nearest }: CacheExplanation, style: Style): string {
  const name = style.bold(shortPath(task))
  if (hit) return `${name}  ${style.green('hit')}: the result of ${placeOf(source!)}\n`
  const head = `${name}  ${style.yellow('miss')}: ${reason}\n`
  if (!nearest) return head
  const changes = nearest.changes.map(
    ({ part, before, now }) => `    ${part}: ${before ?? '(absent)'} -> ${now ?? '(absent)'}\n`,
  )
  const intro = changes.length === 0 ? 'the same key is there now' : 'changed'
  return `${head}  nearest: ${placeOf(nearest)}; ${intro}\n${changes.join('')}`
}

const placeOf = ({ task, runId, runName }: EarlierTask): string => `${shortPath(task)} in run ${runName ?? runId}`
