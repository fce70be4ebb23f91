/**
 * Who a person is to the server beside the operator. It can't be told by the kubeconfig's own credentials: the API server keeps
 * certificates and `Authorization` to itself, and they would open far more than the server. So the API server is asked for a token
 * of an account that may only look at runs (docs/decisions/0010-a-kubeconfig-is-enough.md).
 */
import { KubeError, type KubeTransport } from './kube/transport.ts'

/** A bearer token, made or found when it is first wanted. Rejects with TokenError. */
export type TokenSource = () => Promise<string>

/** There is no token; the message says why, `remedy` what to do. */
export class TokenError extends Error {
  readonly code = 'no-token'
  readonly remedy: string
  constructor(message: string, remedy: string, cause: unknown) {
    super(message, { cause })
    this.name = 'TokenError'
    this.remedy = remedy
  }
}

/** The account that `manifests` make; its role lets it look at runs of its own namespace. */
export const READER = 'kfp-ts-reader'
export const AUDIENCE = 'pipelines.kubeflow.org'
/** The shortest that the API server gives. */
const LIFETIME_SECONDS = 600
const RENEW_MILLIS = 60_000

/** @param namespace of the runs, and of the account */
export function readerToken(transport: KubeTransport, namespace: string): TokenSource {
  let known: { readonly token: string; readonly until: number } | undefined
  return async () => {
    if (!known || known.until - Date.now() < RENEW_MILLIS) known = await requestToken(transport, namespace)
    return known.token
  }
}

async function requestToken(transport: KubeTransport, namespace: string) {
  const request = {
    method: 'POST' as const,
    path: `/api/v1/namespaces/${encodeURIComponent(namespace)}/serviceaccounts/${READER}/token`,
    body: {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: { audiences: [AUDIENCE], expirationSeconds: LIFETIME_SECONDS },
    },
  }
  const response = await transport.request(request)
  if (response.status >= 300) throw refusal(namespace, new KubeError(request, response))
  const { status } = JSON.parse(response.text) as { status: { token: string; expirationTimestamp: string } }
  return { token: status.token, until: Date.parse(status.expirationTimestamp) }
}

/** For administrators. */
export const bindReader = (namespace: string): string =>
  `kubectl create rolebinding ${READER} -n ${namespace} --clusterrole=${READER} --serviceaccount=${namespace}:${READER}`

function refusal(namespace: string, error: KubeError): TokenError {
  if (error.status === 404)
    return new TokenError(
      `namespace ${namespace} has no account ${READER} to look at its runs`,
      `an administrator makes it: kubectl create serviceaccount ${READER} -n ${namespace} && ${bindReader(namespace)}; or set KFP_TS_TOKEN`,
      error,
    )
  if (error.status === 403)
    return new TokenError(
      `you may not get a token of the account ${READER} in namespace ${namespace}`,
      `ask for the role kfp-ts-viewer or kfp-ts-editor in namespace ${namespace}, or set KFP_TS_TOKEN`,
      error,
    )
  return new TokenError(`the API server gives no token of the account ${READER}: ${error.message}`, 'try again', error)
}
