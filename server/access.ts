/** Who is calling and what they may do. The port, and the adapter for a laptop. Before: app.ts asks it for every request. */

export type Verb =
  | 'get'
  | 'list'
  | 'create'
  | 'update'
  | 'delete'
  | 'archive'
  | 'unarchive'
  | 'terminate'
  | 'retry'
  | 'enable'
  | 'disable'
  | 'readArtifact'
  | 'report'

/** The kinds of things that rights are given on; names of KFP where it has one. */
export type Resource = 'experiments' | 'runs' | 'jobs' | 'pipelines' | 'models' | 'artifacts' | 'logs'

export interface Identity {
  readonly actor: string
  readonly groups: readonly string[]
  /** Only for the token of a step. */
  readonly runScope?: string
  readonly namespace?: string
}

export interface Access {
  /** True when namespaces separate users: every object has one and every call is checked. */
  readonly multiUser: boolean
  /** Undefined when the request proves no identity that is known. */
  authenticate(headers: Readonly<Record<string, string | string[] | undefined>>): Promise<Identity | undefined>
  /** Whether the identity may do this in the namespace. */
  allows(identity: Identity, verb: Verb, resource: Resource, namespace: string): Promise<boolean>
}

/** For a server on loopback: whoever reaches it is its user. Names come from the user name of a Basic header, if any. */
export const openAccess: Access = {
  multiUser: false,
  authenticate: async (headers) => ({ actor: basicUser(headers['authorization']) ?? 'local', groups: [] }),
  allows: async () => true,
}

function basicUser(header: string | string[] | undefined): string | undefined {
  const encoded = typeof header === 'string' ? /^Basic ([A-Za-z0-9+/=]{1,400})$/.exec(header)?.[1] : undefined
  if (!encoded) return undefined
  const name = Buffer.from(encoded, 'base64').toString('utf8').split(':')[0]
  return name && /^[\w.@-]{1,100}$/.test(name) ? name : undefined
}
