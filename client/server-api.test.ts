/** Which way the server is asked, as whom, and what is said when it can't be. */
import { describe, expect, test } from 'vitest'
import type { KubeRequest, KubeTransport } from './kube/transport.ts'
import { findServer } from './server-api.ts'
import type { ServerError } from './server-error.ts'

const TOKEN = '/api/v1/namespaces/ml/serviceaccounts/kfp-ts-reader/token'
const proxy = (namespace: string) =>
  `/api/v1/namespaces/${namespace}/services/http:kfp-ts-server:http/proxy/api/v1/runs/r`
const status = (reason: string) => ({ kind: 'Status', reason, message: `it is ${reason}` })
const inMinutes = (minutes: number) => new Date(Date.now() + minutes * 60_000).toISOString()
const aToken = (token: string, minutes = 10) => ({
  status: 201,
  body: { status: { token, expirationTimestamp: inMinutes(minutes) } },
})
const unauthenticated = { status: 401, body: { error: { message: 'Unauthenticated' } } }

type Answer = { readonly status: number; readonly body: object }

/** An API server that answers by path; a server behind it that wants a token when `wants` says so. */
function world(answers: Readonly<Record<string, Answer | (() => Answer)>>, wants?: (token: string) => boolean) {
  const requests: KubeRequest[] = []
  const transport = {
    request: async (request: KubeRequest) => {
      requests.push(request)
      const token = request.headers?.['x-kfp-ts-authorization'] ?? ''
      const known = answers[request.path] ?? { status: 404, body: status('NotFound') }
      const answer = typeof known === 'function' ? known() : known
      const isRefused = request.path.includes('/proxy/') && answer.status === 200 && wants?.(token) === false
      const { status: code, body } = isRefused ? unauthenticated : answer
      return { status: code, text: JSON.stringify(body) }
    },
  } as unknown as KubeTransport
  const server = (token?: string) => findServer({ transport, namespace: 'ml', token })
  const ask = (token?: string) => server(token).run('r')
  const refusalOf = async (token?: string): Promise<ServerError> =>
    await ask(token).then(
      () => expect.fail('it was answered'),
      (error) => error,
    )
  const paths = () => requests.map(({ path }) => path)
  return { requests, paths, server, ask, refusalOf }
}
const served = { status: 200, body: { runId: 'r' } }

describe('who asks', () => {
  test('a server that lets everybody look is sent no token', async () => {
    const { ask, requests } = world({ [proxy('ml')]: served })
    expect(await ask()).toEqual({ runId: 'r' })
    expect(requests).toMatchObject([{ headers: { 'x-mlflow-workspace': 'ml' } }])
    expect(Object.keys(requests[0]!.headers!)).toEqual(['x-mlflow-workspace'])
  })

  test('one that asks gets a token of the reader, for its audience and for a short time; it is used again', async () => {
    const { server, requests, paths } = world(
      { [proxy('ml')]: served, [TOKEN]: aToken('t') },
      (token) => token === 'Bearer t',
    )
    const one = server()
    await one.run('r')
    await one.run('r')
    expect(paths()).toEqual([proxy('ml'), TOKEN, proxy('ml'), proxy('ml')])
    expect(requests[1]!.body).toMatchObject({
      kind: 'TokenRequest',
      spec: { audiences: ['pipelines.kubeflow.org'], expirationSeconds: 600 },
    })
  })

  test('a token that is about to expire is made anew', async () => {
    let count = 0
    const { server, paths } = world(
      { [proxy('ml')]: served, [TOKEN]: () => aToken(`t${++count}`, 0.5) },
      (token) => token !== '',
    )
    const one = server()
    await one.run('r')
    await one.run('r')
    expect(paths().filter((path) => path === TOKEN)).toHaveLength(2)
  })

  test('a token that was named goes at once, and no other is made', async () => {
    const { ask, paths } = world({ [proxy('ml')]: served }, (token) => token === 'Bearer mine')
    await ask('mine')
    expect(paths()).toEqual([proxy('ml')])
  })
})

describe('which server', () => {
  test('that of the namespace, else the one for all', async () => {
    const { ask, paths } = world({ [proxy('kfp-ts')]: served })
    await ask()
    expect(paths()).toEqual([proxy('ml'), proxy('kfp-ts')])
  })
})

describe('what is in the way is told with the way out', () => {
  const forbidden = { status: 403, body: status('Forbidden') }
  const rows: readonly (readonly [story: string, answers: Record<string, Answer>, message: string, remedy: string])[] =
    [
      [
        'no server',
        {},
        'there is no kfp-ts server (service kfp-ts-server in namespace ml or kfp-ts)',
        'kfp-ts operator --serve',
      ],
      [
        'no way to it',
        { [proxy('ml')]: forbidden },
        'you may not reach the kfp-ts server',
        'the role kfp-ts-viewer in namespace ml',
      ],
      [
        'no way to the one for all',
        { [proxy('kfp-ts')]: forbidden },
        'you may not reach the kfp-ts server (service kfp-ts-server in namespace kfp-ts)',
        'the role kfp-ts-server-caller in namespace kfp-ts',
      ],
      [
        'nobody behind it',
        { [proxy('ml')]: { status: 503, body: status('ServiceUnavailable') } },
        'nobody answers at the kfp-ts server',
        'kubectl get pods -n ml',
      ],
      [
        'no account to ask as',
        { [proxy('ml')]: unauthenticated },
        'asks who you are: namespace ml has no account kfp-ts-reader',
        'kubectl create serviceaccount kfp-ts-reader -n ml && kubectl create rolebinding kfp-ts-reader -n ml',
      ],
      [
        'no right to ask as it',
        { [proxy('ml')]: unauthenticated, [TOKEN]: forbidden },
        'you may not get a token of the account kfp-ts-reader in namespace ml',
        'ask for the role kfp-ts-viewer or kfp-ts-editor in namespace ml',
      ],
      [
        'an account without a role',
        { [proxy('ml')]: { status: 403, body: { error: { message: 'x may not get runs' } } } },
        'refuses with 403: x may not get runs',
        'kubectl create rolebinding kfp-ts-reader -n ml --clusterrole=kfp-ts-reader',
      ],
    ]
  test.each(rows)('%s', async (_story, answers, message, remedy) => {
    const refusal = await world(answers).refusalOf()
    expect(refusal.message).toContain(message)
    expect(refusal.remedy).toContain(remedy)
  })

  test('a token that was named and is not valid', async () => {
    const refusal = await world({ [proxy('ml')]: unauthenticated }).refusalOf('old')
    expect(refusal.remedy).toContain('unset KFP_TS_TOKEN')
  })
})
