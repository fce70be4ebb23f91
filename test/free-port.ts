import { once } from 'node:events'
import { createServer } from 'node:net'

/** A port of this address that nothing listens on; what gets it should take it soon. */
export async function freePort(host = '127.0.0.1'): Promise<number> {
  const server = createServer().listen(0, host)
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}
