/** Health, readiness and metrics of an operator over HTTP. Nothing of a run is shown here. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface HealthServerOptions {
  readonly host: string
  /** 0 takes a free one. */
  readonly port: number
  readonly isReady: () => boolean
  readonly metrics: () => Promise<string>
}

/** @returns the port it listens on and the way to stop it */
export async function startHealthServer(
  options: HealthServerOptions,
): Promise<{ port: number; stop(): Promise<void> }> {
  const server = createServer((request, response) => {
    const answer = (status: number, text: string, type = 'text/plain; charset=utf-8'): void => {
      response.writeHead(status, { 'content-type': type }).end(text)
    }
    if (request.url === '/healthz') return answer(200, 'ok\n')
    if (request.url === '/readyz') return options.isReady() ? answer(200, 'ok\n') : answer(503, 'not ready\n')
    if (request.url !== '/metrics') return answer(404, 'there are /healthz, /readyz and /metrics\n')
    options.metrics().then(
      (text) => answer(200, text, 'text/plain; version=0.0.4'),
      () => answer(500, 'metrics could not be read\n'),
    )
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port, options.host, resolve)
  })
  server.unref()
  return {
    port: (server.address() as AddressInfo).port,
    stop: () => new Promise((resolve) => server.close(() => resolve())),
  }
}
