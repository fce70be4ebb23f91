/** What the commands about runs on a cluster share: their options, the connection, and errors that a user can act on. */
import type { Argv } from 'yargs'
import { closest } from '../api/closest.ts'
import { InvalidInputError } from '../api/issue.ts'
import { type Connection, connect } from '../client/connect.ts'
import { isNotFound, KubeConnectionError, KubeError } from '../client/kube/transport.ts'
import { createRunsClient, type PipelineRun, type RunsClient } from '../client/runs.ts'
import { findServer, type ServerApi } from '../client/server-api.ts'
import { ServerError } from '../client/server-error.ts'
import { usageIssue } from './errors.ts'

export interface ClusterArgs {
  readonly kubeconfig: string | undefined
  readonly context: string | undefined
  readonly namespace: string | undefined
  readonly server: string | undefined
}

export function withClusterOptions<T>(yargs: Argv<T>): Argv<T & ClusterArgs> {
  return yargs
    .option('namespace', { type: 'string', alias: 'n', describe: 'Namespace; that of the context by default' })
    .option('kubeconfig', { type: 'string', describe: 'Kubeconfig file; $KUBECONFIG, then ~/.kube/config by default' })
    .option('context', { type: 'string', describe: 'Context of the kubeconfig' })
    .option('server', {
      type: 'string',
      describe:
        "URL of the kfp-ts server for what the cluster does not keep, such as old logs; $KFP_TS_SERVER, then the cluster's own by default",
    }) as Argv<T & ClusterArgs>
}

/** The runs of a cluster, and the server that knows more of them. */
export interface ClusterRuns {
  readonly runs: RunsClient
  readonly server: ServerApi
  /** The run. Throws InvalidInputError with the closest name when there is none. */
  find(name: string): Promise<PipelineRun>
  /** Options that name this cluster again, for commands that are suggested. */
  readonly again: string
}

/** A person waits: an API server that is not there is said soon. */
const TIMEOUT_MILLIS = 10_000

/** Runs `work` with a client; refusals of the cluster become issues with a remedy. */
export async function withRuns<R>(args: ClusterArgs, work: (cluster: ClusterRuns) => Promise<R>): Promise<R> {
  const connection = openCluster(args)
  const namespace = args.namespace ?? connection.access.namespace
  const runs = createRunsClient(connection.kube, namespace)
  try {
    return await work({
      runs,
      server: serverOf(args, connection, namespace),
      find: (name) => findRun(runs, name),
      again: againOf(args, namespace),
    })
  } catch (error) {
    throw explained(error, connection.access.server, namespace)
  }
}

function openCluster(args: ClusterArgs): Connection {
  try {
    const { kubeconfig, context } = args
    return connect({ kubeconfig, context, timeoutMillis: TIMEOUT_MILLIS, maxTries: 2 })
  } catch (error) {
    throw new InvalidInputError([usageIssue('no-cluster', error instanceof Error ? error.message : String(error))])
  }
}

function serverOf(args: ClusterArgs, { transport }: Connection, namespace: string): ServerApi {
  const url = args.server ?? process.env['KFP_TS_SERVER']
  if (url && !/^https?:\/\/[^/]/.test(url))
    throw new InvalidInputError([
      usageIssue(
        'wrong-server',
        `"${url}" is no URL of a server`,
        'write http://HOST:PORT, such as http://127.0.0.1:8888',
      ),
    ])
  return findServer({ transport, namespace, url, token: process.env['KFP_TS_TOKEN'] })
}

function againOf({ kubeconfig, context }: ClusterArgs, namespace: string): string {
  return [`-n ${namespace}`, context && `--context ${context}`, kubeconfig && `--kubeconfig ${kubeconfig}`]
    .filter(Boolean)
    .join(' ')
}

async function findRun(runs: RunsClient, name: string): Promise<PipelineRun> {
  try {
    return await runs.get(name)
  } catch (error) {
    if (!isNotFound(error) || isNotInstalled(error as KubeError)) throw error
    const names = await runs.list().then(
      (all) => all.map(({ metadata }) => metadata.name),
      () => [],
    )
    const beginning = names.filter((one) => one.startsWith(name))
    if (beginning.length === 1) return await runs.get(beginning[0]!)
    throw new InvalidInputError([unknownRun(name, runs.namespace, names, beginning)])
  }
}

function unknownRun(name: string, namespace: string, names: readonly string[], beginning: readonly string[]) {
  if (beginning.length > 1)
    return usageIssue(
      'ambiguous-run',
      `${beginning.length} runs of namespace ${namespace} begin with "${name}": ${beginning.slice(0, 5).join(', ')}`,
      'type more of it',
    )
  const meant = closest(name, names)
  return usageIssue(
    'unknown-run',
    `there is no run "${name}" in namespace ${namespace}`,
    meant
      ? `did you mean "${meant}"?`
      : `"kfp-ts runs -n ${namespace}" lists the runs, with --deleted those whose resources are gone; -n names another namespace`,
  )
}

const isNotInstalled = ({ status, reason }: KubeError): boolean => status === 404 && reason === ''

function explained(error: unknown, apiServer: string, namespace: string): unknown {
  if (error instanceof ServerError) return refused('server', error.message, error.remedy)
  if (error instanceof KubeConnectionError) {
    const reason = error.message.replace(/^\S+ \S+ /, '')
    const hint = 'see that it runs (kubectl cluster-info) and that --kubeconfig and --context name the right one'
    return refused('cluster-unreachable', `the cluster at ${apiServer} does not answer: ${reason}`, hint)
  }
  if (!(error instanceof KubeError)) return error
  const text = error.message.replace(/^\w+ \S+ \d+ /, '').replace(/^\w*: /, '')
  if (isNotInstalled(error))
    return refused(
      'not-installed',
      `the cluster at ${apiServer} knows no PipelineRuns: ${text.trim()}`,
      'install the operator: kubectl apply -f manifests/install.yaml',
    )
  if (error.status === 404) return refused('not-found', text, 'name another namespace with -n, or create this one')
  if (error.status === 401)
    return refused('not-logged-in', `the cluster at ${apiServer} refuses the credentials: ${text}`, 'log in again')
  if (error.status === 403)
    return refused(
      'forbidden',
      text,
      `ask for the role kfp-ts-editor (to look only: kfp-ts-viewer) in namespace ${namespace}`,
    )
  if ([400, 409, 413, 422].includes(error.status)) return refused('refused', text, 'change what the message names')
  return error
}

const refused = (code: string, message: string, hint: string): InvalidInputError =>
  new InvalidInputError([usageIssue(code, message, hint)])
