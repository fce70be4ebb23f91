/** What the commands about runs on a cluster share: their options, the connection, and errors that a user can act on. */
import type { Argv } from 'yargs'
import { InvalidInputError } from '../api/issue.ts'
import { connect } from '../client/connect.ts'
import { KubeConnectionError, KubeError } from '../client/kube/transport.ts'
import { createRunsClient, type RunsClient } from '../client/runs.ts'
import { usageIssue } from './errors.ts'

export interface ClusterArgs {
  readonly kubeconfig: string | undefined
  readonly context: string | undefined
  readonly namespace: string | undefined
}

export function withClusterOptions<T>(yargs: Argv<T>): Argv<T & ClusterArgs> {
  return yargs
    .option('namespace', { type: 'string', alias: 'n', describe: 'namespace; that of the context by default' })
    .option('kubeconfig', { type: 'string', describe: 'kubeconfig file; $KUBECONFIG by default' })
    .option('context', { type: 'string', describe: 'context of the kubeconfig' }) as Argv<T & ClusterArgs>
}

/** Runs `work` with a client; refusals of the cluster become issues with a remedy. */
export async function withRuns<R>(args: ClusterArgs, work: (runs: RunsClient) => Promise<R>): Promise<R> {
  const { kube, access } = openCluster(args)
  try {
    return await work(createRunsClient(kube, args.namespace ?? access.namespace))
  } catch (error) {
    throw explained(error)
  }
}

function openCluster(args: ClusterArgs): ReturnType<typeof connect> {
  try {
    return connect({
      ...(args.kubeconfig === undefined ? {} : { kubeconfig: args.kubeconfig }),
      ...(args.context === undefined ? {} : { context: args.context }),
    })
  } catch (error) {
    throw new InvalidInputError([usageIssue('no-cluster', error instanceof Error ? error.message : String(error))])
  }
}

function explained(error: unknown): unknown {
  if (error instanceof KubeConnectionError) return new Error(`the cluster does not answer: ${error.message}`)
  if (!(error instanceof KubeError)) return error
  const text = error.message.replace(/^\w+ \S+ /, '')
  if (error.status === 404 && /pipelineruns\.pipelines\.kfp-ts\.dev" not found/.test(text)) {
    return refused('not-found', text, 'kubectl get plr lists the runs of a namespace')
  }
  if (error.status === 404)
    return refused('not-installed', text, 'install the operator: kubectl apply -f manifests/install.yaml')
  if (error.status === 403) return refused('forbidden', text, 'ask for the role kfp-ts-editor in the namespace')
  if (error.status === 422 || error.status === 400) return refused('refused', text, 'change what the message names')
  return error
}

const refused = (code: string, message: string, hint: string): InvalidInputError =>
  new InvalidInputError([usageIssue(code, message, hint)])
