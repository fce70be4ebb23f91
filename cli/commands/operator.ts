/** `kfp-ts operator`: runs PipelineRun resources of a cluster. The composition root of operator/. */
import { hostname } from 'node:os'
import { join, resolve } from 'node:path'
import { InvalidInputError } from '../../api/issue.ts'
import { type OperatorProcessOptions, runOperator } from '../../operator/main.ts'
import { DEFAULT_LIMITS, DEFAULT_RETRIES, type OperatorSettings } from '../../operator/settings.ts'
import { ruleProblem } from '../../waiting/allowed-hosts.ts'
import { usageIssue } from '../errors.ts'
import { limitsOf, type ServerArgs, serverOptions } from '../serve/server-options.ts'
import type { Command } from './index.ts'

interface Args extends ServerArgs {
  readonly kubeconfig: string | undefined
  readonly namespace: string | undefined
  readonly selector: string | undefined
  readonly store: string
  readonly 'volume-claim': string | undefined
  readonly 'volume-sub-path': string | undefined
  readonly 'host-path': string | undefined
  readonly 'mount-path': string
  readonly 'object-store': string | undefined
  readonly 's3-endpoint': string | undefined
  readonly 's3-region': string | undefined
  readonly 's3-secret': string | undefined
  readonly 'launcher-image': string
  readonly 'launcher-command': string | undefined
  readonly database: string | undefined
  readonly 'service-account': string | undefined
  readonly 'serving-image': string
  readonly listen: string
  readonly serve: string | undefined
  readonly 'serve-url': string | undefined
  readonly 'serve-auth': 'kubernetes' | 'none'
  readonly artifacts: string | undefined
  readonly 'leader-election': boolean
  readonly 'lease-namespace': string | undefined
  readonly 'lease-name': string
  readonly identity: string | undefined
  readonly 'max-active-runs': number
  readonly 'max-active-runs-per-namespace': number
  readonly 'max-active-runs-per-pipeline': number
  readonly 'max-pods': number
  readonly 'max-pods-per-namespace': number
  readonly 'max-pods-per-pipeline': number
  readonly 'max-pods-per-run': number
  readonly pool: readonly string[] | undefined
  readonly 'wait-allow-host': readonly string[] | undefined
  readonly 'wait-allow-namespace': readonly string[] | undefined
  readonly 'image-grace': number
  readonly 'status-interval': number
}

export const command: Command<Args> = {
  command: 'operator',
  describe: 'carry out the PipelineRun resources of a cluster',
  builder: (yargs) =>
    serverOptions(yargs)
      .option('kubeconfig', { type: 'string', describe: 'kubeconfig file; in a pod its service account' })
      .option('namespace', { type: 'string', alias: 'n', describe: 'only this namespace; all by default' })
      .option('selector', { type: 'string', alias: 'l', describe: 'only runs with these labels' })
      .option('store', {
        type: 'string',
        default: '/kfp-ts/store',
        describe: 'the store volume as this process sees it',
      })
      .option('volume-claim', { type: 'string', describe: 'PersistentVolumeClaim of the store, mounted in steps' })
      .option('volume-sub-path', {
        type: 'string',
        describe: 'folder of the claim that is the store; a database beside it is out of the reach of steps',
      })
      .option('host-path', { type: 'string', describe: 'directory of the node in place of a claim (one node, tests)' })
      .option('object-store', { type: 'string', describe: 's3://BUCKET/PREFIX in place of a volume' })
      .option('s3-endpoint', { type: 'string', describe: "endpoint of an S3 server that is not Amazon's" })
      .option('s3-region', { type: 'string', describe: 'region of the bucket' })
      .option('s3-secret', {
        type: 'string',
        describe: 'Secret with AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY for the launcher',
      })
      .option('launcher-image', {
        type: 'string',
        default: 'kfp-ts:latest',
        describe: 'image of the launcher (object stores)',
      })
      .option('launcher-command', { type: 'string', describe: 'how the launcher is started in that image' })
      .option('mount-path', { type: 'string', default: '/kfp-store', describe: 'where steps find the store' })
      .option('database', {
        type: 'string',
        describe: 'SQLite file or postgres:// URL; $KFP_TS_DATABASE_URL, then STORE/metadata.db by default',
      })
      .option('service-account', { type: 'string', describe: 'service account of pods whose run names none' })
      .option('serving-image', {
        type: 'string',
        default: 'kfp-ts:latest',
        describe: 'image of pods that serve models (ModelDeployment)',
      })
      .option('listen', { type: 'string', default: '127.0.0.1:0', describe: 'HOST:PORT of health and metrics' })
      .option('serve', { type: 'string', describe: 'HOST:PORT of the server for kfp, mlflow and kfp-ts clients' })
      .option('serve-url', { type: 'string', describe: 'URL by which pods reach it; steps then log to their run' })
      .option('serve-auth', {
        choices: ['kubernetes', 'none'] as const,
        default: 'kubernetes' as const,
        describe: 'who may call: whom the cluster knows (TokenReview), or, on loopback only, anyone',
      })
      .option('artifacts', {
        type: 'string',
        describe: "directory or s3://BUCKET/PREFIX of clients' files; in the store by default",
      })
      .option('leader-election', { type: 'boolean', default: false, describe: 'several replicas, one works' })
      .option('lease-namespace', { type: 'string', describe: 'namespace of the lease' })
      .option('lease-name', { type: 'string', default: 'kfp-ts-operator', describe: 'name of the lease' })
      .option('identity', { type: 'string', describe: 'name of this replica; made of host and process by default' })
      .option('max-active-runs', { type: 'number', default: DEFAULT_LIMITS.activeRuns })
      .option('max-active-runs-per-namespace', { type: 'number', default: DEFAULT_LIMITS.activeRunsPerNamespace })
      .option('max-active-runs-per-pipeline', { type: 'number', default: DEFAULT_LIMITS.activeRunsPerPipeline })
      .option('max-pods', { type: 'number', default: DEFAULT_LIMITS.pods, describe: 'pods of all runs at once' })
      .option('max-pods-per-namespace', { type: 'number', default: DEFAULT_LIMITS.podsPerNamespace })
      .option('max-pods-per-pipeline', { type: 'number', default: DEFAULT_LIMITS.podsPerPipeline })
      .option('max-pods-per-run', { type: 'number', default: DEFAULT_LIMITS.podsPerRun })
      .option('pool', {
        type: 'string',
        array: true,
        describe: 'NAME=SIZE: bounds the weights of runs that name this pool, and of the pods of tasks that do',
      })
      .option('wait-allow-host', {
        type: 'string',
        array: true,
        describe: 'HOST[:PORT], *.SUFFIX or * that tasks may wait for by HTTP; none by default',
      })
      .option('wait-allow-namespace', {
        type: 'string',
        array: true,
        describe: "namespace whose objects runs of other namespaces may wait for, or *; a run's own by default",
      })
      .option('image-grace', { type: 'number', default: 60, describe: 'seconds that a missing image is waited for' })
      .option('status-interval', {
        type: 'number',
        default: 1,
        describe: 'least seconds between status writes of a run',
      })
      .example('kfp-ts operator --host-path /srv/kfp --store /srv/kfp', 'on a cluster of one node')
      .example('kfp-ts operator --volume-claim kfp-ts-store', 'in a pod that mounts the claim at /kfp-ts/store')
      .example(
        'kfp-ts operator --volume-claim kfp-ts-store --serve 0.0.0.0:8888 --serve-url http://kfp-ts-server.kfp-ts:8888',
        'with the server for kfp and mlflow clients, and for steps',
      ),
  handler: async (args) => {
    const stopping = new AbortController()
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stopping.abort())
    const [host, port] = splitAddress(args.listen)
    const serve = await serverOf(args)
    await runOperator({
      kubeconfig: args.kubeconfig,
      settings: settingsOf(args),
      storeFolder: resolve(args.store),
      databaseUrl: args.database ?? process.env['KFP_TS_DATABASE_URL'] ?? join(resolve(args.store), 'metadata.db'),
      clientFiles: args.artifacts && (args.artifacts.startsWith('s3://') ? args.artifacts : resolve(args.artifacts)),
      objectStore: args['object-store'] ? { root: args['object-store'] } : undefined,
      s3: { endpoint: args['s3-endpoint'], region: args['s3-region'] },
      health: { host, port },
      lease: args['leader-election'] ? { namespace: args['lease-namespace'], name: args['lease-name'] } : undefined,
      serve,
      log: writeLog,
      signal: stopping.signal,
      onReady: ({ health }) => writeLog('info', 'started', { health: `http://${host}:${health}` }),
    })
  },
}

/** What starts the server beside the operator; undefined without `--serve`. */
async function serverOf(args: Args): Promise<OperatorProcessOptions['serve']> {
  if (args.serve === undefined) return undefined
  const [host, port] = splitAddress(args.serve)
  // An operator alone has no use for the server's code.
  const [{ LOOPBACK }, { artifactPlace }, { serveBeside }] = await Promise.all([
    import('../../server/start.ts'),
    import('../serve/artifact-place.ts'),
    import('../serve/server-beside.ts'),
  ])
  const authenticated = args['serve-auth'] === 'kubernetes'
  if (!authenticated && !LOOPBACK.includes(host)) {
    const message = `without authentication the server listens on loopback only, not on ${host}`
    throw new InvalidInputError([usageIssue('open-server', message, 'leave --serve-auth out, or serve on 127.0.0.1')])
  }
  if (args['serve-url'] !== undefined && !/^https?:\/\/[^/]/.test(args['serve-url'])) {
    const message = `"${args['serve-url']}" is no URL`
    throw new InvalidInputError([usageIssue('wrong-url', message, 'write it as http://kfp-ts-server.kfp-ts:8888')])
  }
  const inStore = args['object-store']?.replace(/\/+$/, '') ?? resolve(args.store)
  const files = await artifactPlace(args.artifacts ?? `${inStore}/mlflow`, {
    endpoint: args['s3-endpoint'],
    region: args['s3-region'],
  })
  const replicas = args['leader-election']
  const { namespace, 'serve-url': url } = args
  return async (parts) =>
    await serveBeside(parts, { host, port, url, authenticated, namespace, files, replicas, ...limitsOf(args) })
}

/** One place for artifacts, whatever its kind. */
function podStore(args: Args): OperatorSettings['pods']['store'] {
  const { 'volume-claim': claimName, 'host-path': hostPath, 'object-store': objects } = args
  const given = [claimName, hostPath, objects].filter((place) => place !== undefined)
  if (given.length !== 1) {
    const hint = 'give one of --volume-claim NAME, --host-path DIR and --object-store s3://BUCKET/PREFIX'
    throw new InvalidInputError([usageIssue('missing-store', 'steps and operator need one common store', hint)])
  }
  const subPath = args['volume-sub-path']
  if (subPath !== undefined && (claimName === undefined || /^\/|(^|\/)\.\.(\/|$)/.test(subPath))) {
    const hint = 'give --volume-claim NAME and a folder of it, such as --volume-sub-path runs'
    throw new InvalidInputError([usageIssue('bad-sub-path', `"${subPath}" is no folder of a claim`, hint)])
  }
  if (claimName !== undefined) return { claimName, subPath }
  if (hostPath !== undefined) return { hostPath: resolve(hostPath) }
  return {
    objects: {
      launcherImage: args['launcher-image'],
      launcherCommand: args['launcher-command']?.split(' '),
      secretName: args['s3-secret'],
      endpoint: args['s3-endpoint'],
      region: args['s3-region'],
    },
  }
}

const LIMITS = [
  'max-active-runs',
  'max-active-runs-per-namespace',
  'max-active-runs-per-pipeline',
  'max-pods',
  'max-pods-per-namespace',
  'max-pods-per-pipeline',
  'max-pods-per-run',
] as const

function checkLimits(args: Args): void {
  const wrong = LIMITS.filter((name) => !Number.isInteger(args[name]) || args[name] < 1)
  if (wrong.length === 0) return
  throw new InvalidInputError(
    wrong.map((name) => usageIssue('wrong-limit', `--${name} is no whole number from 1`, `write --${name}=100`)),
  )
}

function settingsOf(args: Args): OperatorSettings {
  checkLimits(args)
  return {
    namespace: args.namespace,
    runSelector: args.selector,
    identity: args.identity ?? `${hostname()}-${process.pid}`,
    pods: { store: podStore(args), mountPath: args['mount-path'] },
    serviceAccountName: args['service-account'],
    servingImage: args['serving-image'],
    limits: {
      activeRuns: args['max-active-runs'],
      activeRunsPerNamespace: args['max-active-runs-per-namespace'],
      activeRunsPerPipeline: args['max-active-runs-per-pipeline'],
      pods: args['max-pods'],
      podsPerNamespace: args['max-pods-per-namespace'],
      podsPerPipeline: args['max-pods-per-pipeline'],
      podsPerRun: args['max-pods-per-run'],
      pools: Object.fromEntries((args.pool ?? []).map(poolOf)),
    },
    waits: {
      allowHosts: (args['wait-allow-host'] ?? []).map(hostOf),
      allowNamespaces: args['wait-allow-namespace'] ?? [],
    },
    retries: DEFAULT_RETRIES,
    imageGraceMillis: args['image-grace'] * 1000,
    configurationGraceMillis: args['image-grace'] * 1000,
    statusIntervalMillis: args['status-interval'] * 1000,
    // Clients of a server look at runs that go on.
    recordIntervalMillis: args.serve === undefined ? undefined : 1_000,
  }
}

function poolOf(text: string): [string, number] {
  const [, name, size] = /^([^=]+)=(\d+)$/.exec(text) ?? []
  if (name !== undefined) return [name, Number(size)]
  throw new InvalidInputError([usageIssue('wrong-pool', `"${text}" is no pool`, 'write NAME=SIZE, such as gpu=4')])
}

function hostOf(text: string): string {
  const problem = ruleProblem(text)
  if (problem === undefined) return text
  const hint = 'write HOST, HOST:PORT, *.SUFFIX or *, such as *.svc.cluster.local'
  throw new InvalidInputError([usageIssue('wrong-host', `--wait-allow-host: ${problem}`, hint)])
}

function splitAddress(text: string): [string, number] {
  const match = /^(.*):(\d+)$/.exec(text)
  if (match) return [match[1] || '0.0.0.0', Number(match[2])]
  throw new InvalidInputError([
    usageIssue('wrong-address', `"${text}" is no address`, 'write HOST:PORT, such as 0.0.0.0:8080'),
  ])
}

/** One JSON object a line on stderr, as log collectors of clusters read it. */
function writeLog(level: 'info' | 'warn' | 'error', message: string, fields: object = {}): void {
  process.stderr.write(`${JSON.stringify({ time: new Date().toISOString(), level, message, ...fields })}\n`)
}
