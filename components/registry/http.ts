/** How steps speak to the server that tracks them: by the environment that it gave them. Before: register_model, promote_model. */

export interface TrackingServer {
  readonly url: string
  /** The run of this very step. */
  readonly runId: string | undefined
  call(method: string, path: string, body?: unknown): Promise<Record<string, unknown>>
  upload(path: string, content: Uint8Array): Promise<void>
}

/** @throws Error that says what to set when the step runs outside of a server. */
export function trackingServer(given: string, env: NodeJS.ProcessEnv = process.env): TrackingServer {
  const url = (given || env['MLFLOW_TRACKING_URI'])?.replace(/\/$/, '')
  if (!url)
    throw new Error('No server to register with: run under `kfp-ts serve`, or give server, or set MLFLOW_TRACKING_URI')
  const token = env['MLFLOW_TRACKING_TOKEN']
  const authorization: Record<string, string> = token ? { authorization: `Bearer ${token}` } : {}
  const send = async (method: string, path: string, headers: Record<string, string>, body?: string | Uint8Array) => {
    const response = await fetch(`${url}${path}`, {
      method,
      headers: { ...authorization, ...headers },
      ...(body !== undefined && { body: body as Uint8Array<ArrayBuffer> | string }),
    })
    const text = await response.text()
    if (!response.ok) throw Object.assign(new Error(messageOf(text)), { body: text })
    return JSON.parse(text || '{}') as Record<string, unknown>
  }
  return {
    url,
    runId: env['MLFLOW_RUN_ID'],
    call: (method, path, body) =>
      send(method, path, { 'content-type': 'application/json' }, body === undefined ? undefined : JSON.stringify(body)),
    upload: async (path, content) => {
      const encoded = path.split('/').map(encodeURIComponent).join('/')
      await send('PUT', `/api/2.0/mlflow-artifacts/artifacts/${encoded}`, {}, content)
    },
  }
}

function messageOf(text: string): string {
  try {
    const body = JSON.parse(text) as { message?: string; error?: { message?: string } }
    return body.message ?? body.error?.message ?? text
  } catch {
    return text.slice(0, 300)
  }
}
