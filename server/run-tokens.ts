/** Tokens for steps: each covers one run, in one namespace, for a time. Signed, not stored. Before: executors hand them out, access asks here. */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Metadata } from '../store/metadata/database.ts'
import type { Access, Identity } from './access.ts'

const PREFIX = 'kfpts1'
const SECRET_KEY = 'run-token-secret'

interface Claims {
  /** Run id. */
  readonly r: string
  /** Namespace. */
  readonly n: string
  /** End, epoch milliseconds. */
  readonly e: number
}

export class RunTokens {
  readonly #secret: Buffer
  readonly #now: () => number

  constructor(secret: Buffer, now: () => number) {
    this.#secret = secret
    this.#now = now
  }

  /** A token for what one step logs; hand it over as MLFLOW_TRACKING_TOKEN. */
  issue(runId: string, namespace: string, lifetimeMillis: number): string {
    const claims: Claims = { r: runId, n: namespace, e: this.#now() + lifetimeMillis }
    const body = Buffer.from(JSON.stringify(claims)).toString('base64url')
    return `${PREFIX}.${body}.${this.#sign(body)}`
  }

  /** Undefined for a token that is not ours, was changed, or is over. */
  verify(token: string): { readonly runId: string; readonly namespace: string } | undefined {
    const [prefix, body, signature, ...rest] = token.split('.')
    if (prefix !== PREFIX || !body || !signature || rest.length > 0) return undefined
    const [given, wanted] = [Buffer.from(signature), Buffer.from(this.#sign(body))]
    if (given.length !== wanted.length || !timingSafeEqual(given, wanted)) return undefined
    const claims = JSON.parse(Buffer.from(body, 'base64url').toString('utf8')) as Claims
    return claims.e > this.#now() ? { runId: claims.r, namespace: claims.n } : undefined
  }

  #sign(body: string): string {
    return createHmac('sha256', this.#secret).update(`${PREFIX}.${body}`).digest('base64url')
  }
}

/** The secret lies in the database, so that every replica knows it and a restart keeps tokens valid. */
export async function openRunTokens(metadata: Metadata): Promise<RunTokens> {
  const fresh = randomBytes(32).toString('base64url')
  await metadata.db
    .insertInto('settings')
    .values({ key: SECRET_KEY, value: fresh })
    .onConflict((conflict) => conflict.doNothing())
    .execute()
  const row = await metadata.db
    .selectFrom('settings')
    .select('value')
    .where('key', '=', SECRET_KEY)
    .executeTakeFirstOrThrow()
  return new RunTokens(Buffer.from(row.value, 'base64url'), metadata.now)
}

/** Steps prove themselves with their tokens; everyone else as `inner` says. A token that looks like ours but is not is refused. */
export function withRunTokens(inner: Access, tokens: RunTokens): Access {
  return {
    multiUser: inner.multiUser,
    authenticate: async (headers) => {
      const token = bearerToken(headers)
      if (!token?.startsWith(`${PREFIX}.`)) return await inner.authenticate(headers)
      const claims = tokens.verify(token)
      if (!claims) return undefined
      return { actor: `run:${claims.runId}`, groups: [], runScope: claims.runId, namespace: claims.namespace }
    },
    allows: async (identity: Identity, verb, resource, namespace) => {
      if (identity.runScope === undefined) return await inner.allows(identity, verb, resource, namespace)
      return identity.namespace === namespace && verb !== 'delete'
    },
  }
}

/** The API server takes `Authorization` off what it proxies; clients behind its service proxy send this one. */
export const FORWARDED_AUTHORIZATION = 'x-kfp-ts-authorization'

type Headers = Readonly<Record<string, string | string[] | undefined>>

/** What proves the caller, as it was sent. */
export function authorizationOf(headers: Headers): string | undefined {
  const header = headers['authorization'] ?? headers[FORWARDED_AUTHORIZATION]
  return typeof header === 'string' ? header : undefined
}

export function bearerToken(headers: Headers): string | undefined {
  return /^Bearer\s+(\S+)$/i.exec(authorizationOf(headers) ?? '')?.[1]
}
