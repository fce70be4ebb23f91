/** Where the API server is and how to prove who we are: a kubeconfig file, or the service account of a pod. Feeds https-transport.ts. */
import { existsSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { parse } from 'yaml'

export interface KubeAccess {
  /** For example `https://127.0.0.1:6443`. */
  readonly server: string
  readonly ca?: string | undefined
  readonly cert?: string | undefined
  readonly key?: string | undefined
  readonly rejectUnauthorized: boolean
  /** Namespace of the current context or of the pod. */
  readonly namespace: string
  /** Headers of one request; read again each time, since tokens rotate. */
  authorization(): Promise<string | undefined>
}

export interface KubeAccessOptions {
  /** A kubeconfig file. @default $KUBECONFIG, then the pod's service account, then ~/.kube/config */
  readonly kubeconfig?: string | undefined
  readonly context?: string | undefined
}

const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount'

interface NamedEntry {
  readonly name: string
}
interface KubeconfigFile {
  readonly 'current-context'?: string | undefined
  readonly contexts?:
    | readonly (NamedEntry & { context: { cluster: string; user: string; namespace?: string } })[]
    | undefined
  readonly clusters?: readonly (NamedEntry & { cluster: Record<string, unknown> })[] | undefined
  readonly users?: readonly (NamedEntry & { user: Record<string, unknown> })[] | undefined
}

/** Throws an Error whose message says what is missing and what to set. */
export function loadKubeAccess(options: KubeAccessOptions = {}): KubeAccess {
  const file = options.kubeconfig ?? process.env['KUBECONFIG']?.split(':').find((path) => path !== '')
  if (file) return fromFile(file, options.context)
  const host = process.env['KUBERNETES_SERVICE_HOST']
  if (host && existsSync(join(SERVICE_ACCOUNT, 'token'))) return inCluster(host)
  const home = join(homedir(), '.kube', 'config')
  if (existsSync(home)) return fromFile(home, options.context)
  throw new Error('no Kubernetes cluster is configured: set KUBECONFIG or pass --kubeconfig FILE')
}

function inCluster(host: string): KubeAccess {
  const bracketed = host.includes(':') ? `[${host}]` : host
  return {
    server: `https://${bracketed}:${process.env['KUBERNETES_SERVICE_PORT'] ?? '443'}`,
    ca: readFileSync(join(SERVICE_ACCOUNT, 'ca.crt'), 'utf8'),
    rejectUnauthorized: true,
    namespace: readFileSync(join(SERVICE_ACCOUNT, 'namespace'), 'utf8').trim(),
    authorization: async () => `Bearer ${readFileSync(join(SERVICE_ACCOUNT, 'token'), 'utf8').trim()}`,
  }
}

function fromFile(path: string, wantedContext?: string): KubeAccess {
  if (!existsSync(path))
    throw new Error(`the kubeconfig file ${path} does not exist: set KUBECONFIG or pass --kubeconfig FILE`)
  const config = (parse(readFileSync(path, 'utf8')) ?? {}) as KubeconfigFile
  const contextName = wantedContext ?? config['current-context']
  const context = config.contexts?.find((entry) => entry.name === contextName)?.context
  if (!context)
    throw new Error(`${path} has no context "${contextName ?? ''}": choose one with kubectl config use-context`)
  const cluster = config.clusters?.find((entry) => entry.name === context.cluster)?.cluster
  if (!cluster) throw new Error(`${path} has no cluster "${context.cluster}"`)
  const user = config.users?.find((entry) => entry.name === context.user)?.user ?? {}
  const read = (from: Record<string, unknown>, name: string): string | undefined => material(from, name, dirname(path))
  return {
    server: String(cluster['server']),
    ca: read(cluster, 'certificate-authority'),
    cert: read(user, 'client-certificate'),
    key: read(user, 'client-key'),
    rejectUnauthorized: cluster['insecure-skip-tls-verify'] !== true,
    namespace: context.namespace ?? 'default',
    authorization: authorizationOf(user, path, contextName),
  }
}

/** `<name>-data` (base64) or the file that `<name>` names. */
function material(from: Record<string, unknown>, name: string, folder: string): string | undefined {
  const data = from[`${name}-data`]
  if (typeof data === 'string') return Buffer.from(data, 'base64').toString('utf8')
  const file = from[name]
  return typeof file === 'string' ? readFileSync(resolve(folder, file), 'utf8') : undefined
}

function authorizationOf(user: Record<string, unknown>, path: string, context?: string): KubeAccess['authorization'] {
  const { token, tokenFile, username, password } = user as Record<string, string | undefined>
  if (token) return async () => `Bearer ${token}`
  if (tokenFile) return async () => `Bearer ${readFileSync(tokenFile, 'utf8').trim()}`
  if (username) return async () => `Basic ${Buffer.from(`${username}:${password ?? ''}`).toString('base64')}`
  if (user['exec'] || user['auth-provider']) return () => authorizationByPlugin(path, context)
  return async () => undefined
}

/** Credential plugins are left to the official client, loaded only for who needs it (it is large). */
async function authorizationByPlugin(path: string, context?: string): Promise<string | undefined> {
  const { KubeConfig } = await import('@kubernetes/client-node')
  const config = new KubeConfig()
  config.loadFromFile(path)
  if (context) config.setCurrentContext(context)
  const options: { headers?: Record<string, string> } = {}
  await config.applyToHTTPSOptions(options as never)
  return options.headers?.['Authorization']
}
