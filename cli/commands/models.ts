/** `kfp-ts models`: the registry on the command line: what there is, what was, promotion and roll back. */
import { InvalidInputError } from '../../api/issue.ts'
import { ModelRegistry, RegistryError } from '../../client/model-registry.ts'
import { servingManifest } from '../../components/deploy_model/manifest.ts'
import { usageIssue } from '../errors.ts'
import type { Command } from './index.ts'

interface Args {
  readonly action: string
  readonly name: string | undefined
  readonly target: string | undefined
  readonly url: string | undefined
  readonly user: string | undefined
  readonly json: boolean
  readonly reason: string | undefined
  readonly 'as-of': string | undefined
  readonly version: string | undefined
  readonly metric: string | undefined
  readonly 'lower-is-better': boolean
  readonly 'min-improvement': number | undefined
  readonly threshold: number | undefined
  readonly approver: readonly string[]
  readonly kserve: boolean
}

type Action = (registry: ModelRegistry, args: Args) => Promise<unknown>

const ACTIONS: Readonly<Record<string, Action>> = {
  list: async (registry) => await registry.models(),
  versions: async (registry, args) => await registry.versions(nameOf(args)),
  history: async (registry, args) => await registry.history(nameOf(args)),
  aliases: async (registry, args) => await registry.aliases(nameOf(args), readTime(args['as-of'])),
  lineage: async (registry, args) => await registry.lineage(nameOf(args), needed(args.target, 'VERSION or @ALIAS')),
  alias: async (registry, args) => {
    await registry.setAlias(nameOf(args), needed(args.target, 'ALIAS'), needed(args.version, '--version'), args.reason)
    return { alias: args.target, version: args.version }
  },
  rollback: async (registry, args) => await registry.rollback(nameOf(args), needed(args.target, 'ALIAS'), args.reason),
  promote: async (registry, args) =>
    await registry.promote(nameOf(args), needed(args.target, 'ALIAS'), needed(args.version, '--version'), {
      gate: {
        ...(args.metric && { metric: args.metric, higherIsBetter: !args['lower-is-better'] }),
        ...(args['min-improvement'] !== undefined && { minImprovement: args['min-improvement'] }),
        ...(args.threshold !== undefined && { threshold: args.threshold }),
      },
      approvers: args.approver,
      ...(args.reason && { reason: args.reason }),
    }),
  approve: async (registry, args) => await registry.decide(needed(args.name, 'the promotion'), 'approve', args.reason),
  reject: async (registry, args) => await registry.decide(needed(args.name, 'the promotion'), 'reject', args.reason),
  manifest: async (registry, args) =>
    servingManifest({
      model: nameOf(args),
      alias: needed(args.target, 'ALIAS'),
      trackingUrl: registry.url,
      kind: args.kserve ? 'kserve' : 'deployment',
    }),
}

export const command: Command<Args> = {
  command: 'models <action> [name] [target]',
  describe:
    'The model registry: list, versions, aliases, history, lineage, alias, promote, approve, rollback, manifest.',
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
      .option('json', { type: 'boolean', default: false, describe: 'Print JSON' })
      .option('reason', { type: 'string', describe: 'Why, for the history' })
      .option('as-of', { type: 'string', describe: 'aliases: at this time' })
      .option('version', { type: 'string', describe: 'alias, promote: the version' })
      .option('metric', { type: 'string', describe: 'promote: compare this metric with the holder of the alias' })
      .option('lower-is-better', { type: 'boolean', default: false, describe: 'promote: of the metric' })
      .option('min-improvement', { type: 'number', describe: 'promote: how much better it must be' })
      .option('threshold', { type: 'number', describe: 'promote: the least value of the metric' })
      .option('approver', { type: 'string', array: true, default: [], describe: 'promote: who must agree, repeatable' })
      .option('kserve', { type: 'boolean', default: false, describe: 'manifest: an InferenceService' })
      .example('$0 models promote iris champion --version 3 --metric accuracy', 'if it is at least as good')
      .example('$0 models rollback iris champion --reason regression', 'to what it named before')
      .example('$0 models aliases iris --as-of 2026-11-01T00:00:00Z', 'what was live then'),
  handler: async (args) => {
    try {
      const registry = new ModelRegistry({ ...(args.url && { url: args.url }), ...(args.user && { user: args.user }) })
      const answer = await ACTIONS[args.action]!(registry, args)
      print(answer, args.json)
      if ((answer as { outcome?: string } | undefined)?.outcome === 'refused') process.exitCode = 1
    } catch (error) {
      if (!(error instanceof RegistryError)) throw error
      throw new InvalidInputError([usageIssue(error.code, error.message, 'see `kfp-ts models --help`')])
    }
  },
}

function needed(value: string | undefined, what: string): string {
  if (value) return value
  throw new InvalidInputError([usageIssue('missing-argument', `${what} is missing`, 'add it, or see --help')])
}

function nameOf(args: Args): string {
  return needed(args.name, 'NAME')
}

function readTime(text: string | undefined): Date | undefined {
  if (text === undefined) return undefined
  const time = new Date(text)
  if (!Number.isNaN(time.getTime())) return time
  throw new InvalidInputError([usageIssue('wrong-time', `"${text}" is no time`, 'write 2026-11-23T12:00:00Z')])
}

/** Lists as lines of their plain fields, everything else as JSON or text. */
function print(answer: unknown, json: boolean): void {
  if (typeof answer === 'string') process.stdout.write(answer)
  else if (json || !Array.isArray(answer)) process.stdout.write(`${JSON.stringify(answer, null, 2)}\n`)
  else for (const line of answer as object[]) process.stdout.write(`${lineOf(line)}\n`)
}

function lineOf(item: object): string {
  return Object.entries(item)
    .filter(([, value]) => typeof value !== 'object')
    .map(([key, value]) => `${key}=${String(value)}`)
    .join('  ')
}
