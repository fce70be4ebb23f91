/** `kfp-ts models`: the registry on the command line: what there is, what was, promotion, roll back, deployment. */
import { stringify } from 'yaml'
import { InvalidInputError } from '../../api/issue.ts'
import { ModelRegistry, RegistryError } from '../../client/model-registry.ts'
import { alignColumns } from '../align-columns.ts'
import { usageIssue } from '../errors.ts'
import { ACTIONS, type ModelsArgs } from '../models/actions.ts'
import type { Command } from './index.ts'

interface Args extends ModelsArgs {
  readonly url: string | undefined
  readonly user: string | undefined
  readonly namespace: string | undefined
  readonly json: boolean
}

const OVERVIEW = Object.values(ACTIONS).map(({ usage, summary }) => [`  ${usage}`, summary])

export const command: Command<Args> = {
  command: 'models <action> [name] [target]',
  describe: `The model registry.\n\nActions:\n${alignColumns(OVERVIEW).trimEnd()}`,
  builder: (yargs) =>
    yargs
      .positional('action', {
        type: 'string',
        demandOption: true,
        choices: Object.keys(ACTIONS),
        describe: 'What to do',
      })
      .positional('name', { type: 'string', describe: 'Model; for approve and reject the promotion' })
      .positional('target', { type: 'string', describe: 'Alias; for lineage a version or @ALIAS' })
      .option('url', { type: 'string', describe: 'Server of the registry; MLFLOW_TRACKING_URI by default' })
      .option('user', { type: 'string', describe: 'Your name, for an open server on this machine' })
      .option('namespace', {
        type: 'string',
        alias: 'n',
        describe: 'On a server of a cluster; MLFLOW_WORKSPACE by default',
      })
      .option('json', { type: 'boolean', default: false, describe: 'Print JSON' })
      .option('reason', { type: 'string', describe: 'Why, for the history' })
      .option('as-of', { type: 'string', describe: 'aliases, lineage: at this time' })
      .option('version', { type: 'string', describe: 'alias, promote: the version' })
      .option('metric', { type: 'string', describe: 'promote: compare this metric with the holder of the alias' })
      .option('lower-is-better', { type: 'boolean', default: false, describe: 'promote: of the metric' })
      .option('min-improvement', { type: 'number', describe: 'promote: how much better it must be' })
      .option('threshold', { type: 'number', describe: 'promote: the least value of the metric' })
      .option('approver', { type: 'string', array: true, default: [], describe: 'promote: who must agree, repeatable' })
      .option('expires-in', { type: 'string', describe: 'promote: how long they may take, such as 3d' })
      .option('replicas', { type: 'number', describe: 'deploy, manifest: pods' })
      .option('kserve', { type: 'boolean', default: false, describe: 'deploy, manifest: an InferenceService' })
      .example('$0 models promote iris champion --version 3 --metric accuracy', 'if it is at least as good')
      .example('$0 models rollback iris champion --reason regression', 'to what it named before')
      .example('$0 models aliases iris --as-of 2026-11-01T00:00:00Z', 'what was live then')
      .example('$0 models deploy iris champion', 'serve it'),
  handler: async (args) => {
    const action = ACTIONS[args.action]!
    try {
      const registry = () =>
        new ModelRegistry({
          ...(args.url && { url: args.url }),
          ...(args.user && { user: args.user }),
          ...(args.namespace && { workspace: args.namespace }),
        })
      const answer = await action.run(registry, args)
      process.stdout.write(args.json ? `${JSON.stringify(answer, null, 2)}\n` : textOf(answer, action.columns))
      if ((answer as { outcome?: string } | undefined)?.outcome === 'refused') process.exitCode = 1
    } catch (error) {
      if (!(error instanceof RegistryError)) throw error
      throw new InvalidInputError([usageIssue(error.code, error.message, 'see `kfp-ts models --help`')])
    }
  },
}

function textOf(answer: unknown, columns: readonly string[] | undefined): string {
  if (typeof answer === 'string') return answer
  if (!Array.isArray(answer) || !columns) return stringify(answer)
  const rows = answer as Readonly<Record<string, unknown>>[]
  if (rows.length === 0) return 'none\n'
  // A column that nothing fills would only widen the table.
  const filled = columns.filter((name) => rows.some((row) => cell(row[name]) !== ''))
  const title = (name: string) => name.replaceAll(/_|(?=[A-Z])/g, ' ').toUpperCase()
  return alignColumns([filled.map(title), ...rows.map((row) => filled.map((name) => cell(row[name])))])
}

function cell(value: unknown): string {
  if (Array.isArray(value)) return value.join(',')
  return value === undefined || value === null ? '' : String(value)
}
