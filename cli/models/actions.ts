/** What each action of `kfp-ts models` asks the server, and how its answer reads on a terminal. Before: commands/models.ts. */
import { stringify } from 'yaml'
import { InvalidInputError } from '../../api/issue.ts'
import { API_GROUP, API_VERSION } from '../../api/pipeline-run.ts'
import type { ModelRegistry } from '../../client/model-registry.ts'
import { deploymentName } from '../../server/native/model-deployments.ts'
import { parseDurationMillis } from '../duration.ts'
import { usageIssue } from '../errors.ts'

export interface ModelsArgs {
  readonly action: string
  readonly name: string | undefined
  readonly target: string | undefined
  readonly reason: string | undefined
  readonly 'as-of': string | undefined
  readonly version: string | undefined
  readonly metric: string | undefined
  readonly 'lower-is-better': boolean
  readonly 'min-improvement': number | undefined
  readonly threshold: number | undefined
  readonly approver: readonly string[]
  readonly 'expires-in': string | undefined
  readonly replicas: number | undefined
  readonly kserve: boolean
}

export interface Action {
  readonly usage: string
  readonly summary: string
  /** The server is looked for only when it is asked. */
  readonly run: (registry: () => ModelRegistry, args: ModelsArgs) => Promise<unknown>
  /** Columns of a list, as names of fields; an answer that is no list is printed as YAML. */
  readonly columns?: readonly string[]
}

export const ACTIONS: Readonly<Record<string, Action>> = {
  list: {
    usage: 'list',
    summary: 'models with their aliases',
    run: async (registry) =>
      (await registry().models()).map(({ name, aliases = [] }) => ({
        name,
        aliases: aliases.map(({ alias, version }) => `${alias}=${version}`).join(' '),
      })),
    columns: ['name', 'aliases'],
  },
  versions: {
    usage: 'versions NAME',
    summary: 'versions of a model',
    run: async (registry, args) => await registry().versions(nameOf(args)),
    columns: ['version', 'aliases', 'run_id', 'source', 'description'],
  },
  history: {
    usage: 'history NAME [ALIAS]',
    summary: 'every change: who, when, why, from which run',
    run: async (registry, args) => await registry().history(nameOf(args), 100, args.target),
    columns: ['at', 'actor', 'action', 'alias', 'version', 'previousVersion', 'reason', 'runId'],
  },
  aliases: {
    usage: 'aliases NAME [--as-of TIME]',
    summary: 'what the aliases name, or named',
    run: async (registry, args) => await registry().aliases(nameOf(args), readTime(args['as-of'])),
  },
  lineage: {
    usage: 'lineage NAME VERSION|@ALIAS [--as-of TIME]',
    summary: 'run, pipeline, images and data that a version comes from',
    run: async (registry, args) =>
      await registry().lineage(nameOf(args), needed(args.target, 'VERSION or @ALIAS'), readTime(args['as-of'])),
  },
  from: {
    usage: 'from run|data|image|pipeline ID',
    summary: 'the way back: versions that a run, dataset, image or pipeline made',
    run: async (registry, args) => {
      const kind = needed(args.name, 'run, data, image or pipeline')
      if (!['run', 'data', 'image', 'pipeline'].includes(kind)) {
        throw new InvalidInputError([
          usageIssue('wrong-origin', `"${kind}" is no origin`, 'write run, data, image or pipeline'),
        ])
      }
      return await registry().versionsFrom({ [kind]: needed(args.target, 'ID') })
    },
    columns: ['name', 'version', 'createdAt'],
  },
  alias: {
    usage: 'alias NAME ALIAS --version N',
    summary: 'move an alias without a gate',
    run: async (registry, args) => {
      await registry().setAlias(nameOf(args), aliasOf(args), needed(args.version, '--version'), args.reason)
      return { alias: args.target, version: args.version }
    },
  },
  rollback: {
    usage: 'rollback NAME ALIAS',
    summary: 'point an alias at what it named before',
    run: async (registry, args) => await registry().rollback(nameOf(args), aliasOf(args), args.reason),
  },
  promote: {
    usage: 'promote NAME ALIAS --version N [--metric M] [--approver WHO]',
    summary: 'move an alias through its gate; exit status 1 when it is refused',
    run: promote,
  },
  promotions: {
    usage: 'promotions NAME',
    summary: 'promotions that people decide',
    run: async (registry, args) => await registry().promotions(nameOf(args)),
    columns: ['promotionId', 'alias', 'version', 'state', 'approvers', 'requestedBy', 'expiresAt', 'decidedBy'],
  },
  approve: {
    usage: 'approve PROMOTION',
    summary: 'agree to a promotion',
    run: async (registry, args) => await registry().decide(needed(args.name, 'PROMOTION'), 'approve', args.reason),
  },
  reject: {
    usage: 'reject PROMOTION',
    summary: 'refuse a promotion',
    run: async (registry, args) => await registry().decide(needed(args.name, 'PROMOTION'), 'reject', args.reason),
  },
  deploy: {
    usage: 'deploy NAME ALIAS [--replicas N] [--kserve]',
    summary: 'put the version behind an alias to work; it follows the alias',
    run: async (registry, args) =>
      await registry().deploy(nameOf(args), {
        alias: aliasOf(args),
        ...(args.replicas !== undefined && { replicas: args.replicas }),
        ...(args.kserve && { format: 'KServe' }),
      }),
  },
  deployments: {
    usage: 'deployments NAME',
    summary: 'what serves a model, and how far it is',
    run: async (registry, args) =>
      (await registry().deployments(nameOf(args))).map(({ name, alias, status }) => ({
        name,
        alias,
        ...status,
        message: status.conditions?.find(({ type }) => type === 'Ready')?.message,
      })),
    columns: ['name', 'alias', 'version', 'ready', 'url', 'message'],
  },
  undeploy: {
    usage: 'undeploy NAME DEPLOYMENT',
    summary: 'end a deployment',
    run: async (registry, args) => {
      await registry().undeploy(nameOf(args), needed(args.target, 'DEPLOYMENT'))
      return { deleted: args.target }
    },
  },
  manifest: {
    usage: 'manifest NAME ALIAS [--replicas N] [--kserve]',
    summary: 'the ModelDeployment for kubectl apply -f -, instead of deploy',
    run: async (_registry, args) => manifest(args),
  },
}

async function promote(registry: () => ModelRegistry, args: ModelsArgs): Promise<unknown> {
  const expires = args['expires-in']
  return await registry().promote(nameOf(args), aliasOf(args), needed(args.version, '--version'), {
    gate: {
      ...(args.metric && { metric: args.metric, higherIsBetter: !args['lower-is-better'] }),
      ...(args['min-improvement'] !== undefined && { minImprovement: args['min-improvement'] }),
      ...(args.threshold !== undefined && { threshold: args.threshold }),
    },
    approvers: args.approver,
    ...(expires && { expiresInSeconds: Math.round(parseDurationMillis(expires, 'expires-in') / 1000) }),
    ...(args.reason && { reason: args.reason }),
  })
}

function manifest(args: ModelsArgs): string {
  const wish = { model: nameOf(args), alias: aliasOf(args) }
  return stringify({
    apiVersion: `${API_GROUP}/${API_VERSION}`,
    kind: 'ModelDeployment',
    metadata: { name: deploymentName(wish) },
    spec: {
      ...wish,
      ...(args.replicas !== undefined && { replicas: args.replicas }),
      ...(args.kserve && { format: 'KServe' }),
    },
  })
}

function needed(value: string | undefined, what: string): string {
  if (value) return value
  throw new InvalidInputError([usageIssue('missing-argument', `${what} is missing`, 'add it, or see --help')])
}

const nameOf = (args: ModelsArgs): string => needed(args.name, 'NAME')
const aliasOf = (args: ModelsArgs): string => needed(args.target, 'ALIAS')

function readTime(text: string | undefined): Date | undefined {
  if (text === undefined) return undefined
  const time = new Date(text)
  if (!Number.isNaN(time.getTime())) return time
  throw new InvalidInputError([usageIssue('wrong-time', `"${text}" is no time`, 'write 2026-11-23T12:00:00Z')])
}
