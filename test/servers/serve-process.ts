/** A server as a process of its own, for tests that kill it: prints its URL. */
import { artifactPlace } from '../../cli/serve/artifact-place.ts'
import { serve } from '../../server/start.ts'

const [dataDirectory = '', artifacts, endpoint] = process.argv.slice(2)
const files = artifacts === undefined ? undefined : await artifactPlace(artifacts, { endpoint })
const server = await serve({ dataDirectory, port: 0, files })
process.stdout.write(`${server.url}\n`)
