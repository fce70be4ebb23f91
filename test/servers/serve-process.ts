/** A server as a process of its own, for tests that kill it: prints its URL. */
import { serve } from '../../server/start.ts'

const server = await serve({ dataDirectory: process.argv[2]!, port: 0 })
process.stdout.write(`${server.url}\n`)
