/** A server of its own for a test: in this process, or as a process that can be killed. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type RunningServer, type ServeOptions, serve } from '../../server/start.ts'

export interface TestServer extends RunningServer {
  readonly directory: string
}

/** In this process, on a free port, in a temporary directory that goes with it. */
export async function startTestServer(options: Partial<ServeOptions> = {}): Promise<TestServer> {
  const directory = mkdtempSync(join(tmpdir(), 'kfp-ts-server-'))
  const server = await serve({ dataDirectory: join(directory, 'data'), port: 0, ...options })
  return {
    ...server,
    directory,
    close: async () => {
      await server.close()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

/** Sends JSON and answers status and parsed body. */
export async function call(
  url: string,
  method: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await fetch(url, {
    method,
    headers: { 'content-type': 'application/json', ...headers },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  return { status: response.status, body: text.startsWith('{') ? JSON.parse(text) : { text } }
}
