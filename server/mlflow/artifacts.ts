/** The artifact proxy: files stream through the server. And the listing of a run's artifacts. Before: index.ts. */
import type { Readable } from 'node:stream'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { notFound } from '../../store/metadata/errors.ts'
import { getRun } from '../../store/metadata/runs.ts'
import { type ByteRange, checkArtifactPath } from '../artifact-files.ts'
import type { Caller, Services } from '../context.ts'
import { HttpError } from '../problem.ts'
import { requireArtifactAccess, requireArtifactWrite } from './artifact-access.ts'
import { artifactPathOf } from './artifact-uri.ts'
import type { Call, Route } from './route.ts'
import { runIdOf } from './run-scope.ts'
import type { Json } from './wire.ts'

async function listOfRun({ services, caller, fields }: Call): Promise<Json> {
  const row = await getRun(services.metadata.db, runIdOf(fields), caller.reads)
  const folder = (fields.text('path') ?? '').replace(/\/$/, '')
  const entries = await services.files.list(artifactPathOf(row.artifact_uri, folder))
  const files = entries.map((entry) => ({
    path: folder ? `${folder}/${entry.name}` : entry.name,
    is_dir: entry.isDirectory,
    ...(entry.size !== undefined && { file_size: entry.size }),
  }))
  return { root_uri: row.artifact_uri, ...(files.length > 0 && { files }) }
}

export const ARTIFACT_ROUTES: readonly Route[] = [
  { method: 'GET', path: 'artifacts/list', verb: 'list', resource: 'artifacts', handle: listOfRun },
]

export type FindCaller = (request: FastifyRequest, verb: 'get' | 'update' | 'delete') => Promise<Caller>

/** Registers the proxy below `prefix`; its bodies are streams of any content type, read by nobody else. */
export function registerArtifactProxy(app: FastifyInstance, prefix: string, services: Services, who: FindCaller): void {
  const { files } = services
  app.register(async (scope) => {
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser('*', (_request, payload, done) => done(null, payload))

    scope.get(`${prefix}/artifacts`, async (request) => {
      const caller = await who(request, 'get')
      const path = checkArtifactPath(((request.query as Record<string, string>)['path'] ?? '').replace(/\/$/, ''))
      await requireArtifactAccess(services, caller, path)
      const entries = await files.list(path)
      const listed = entries.map((entry) => ({
        path: entry.name,
        is_dir: entry.isDirectory,
        ...(entry.size !== undefined && { file_size: entry.size }),
      }))
      return listed.length > 0 ? { files: listed } : {}
    })
    scope.get(`${prefix}/artifacts/*`, { exposeHeadRoute: false }, async (request, reply) => {
      const caller = await who(request, 'get')
      const path = pathOf(request)
      await requireArtifactAccess(services, caller, path)
      return await sendFile(services, path, request, reply)
    })
    scope.put(`${prefix}/artifacts/*`, { bodyLimit: Number.MAX_SAFE_INTEGER }, async (request) => {
      const caller = await who(request, 'update')
      const path = pathOf(request)
      await requireArtifactWrite(services, caller, path)
      await files.write(path, (request.body as Readable | undefined) ?? request.raw)
      return {}
    })
    scope.delete(`${prefix}/artifacts/*`, async (request) => {
      const caller = await who(request, 'delete')
      const path = pathOf(request)
      await requireArtifactAccess(services, caller, path)
      await files.remove(path)
      return {}
    })
  })
}

function pathOf(request: FastifyRequest): string {
  return checkArtifactPath((request.params as Record<string, string>)['*'] ?? '')
}

async function sendFile({ files }: Services, path: string, request: FastifyRequest, reply: FastifyReply) {
  const range = rangeOf(request.headers.range)
  const found = await files.read(path, range)
  if (!found) throw notFound(`No such artifact: '${path}'`)
  if (range && range.start >= found.size) {
    found.stream.destroy()
    throw new HttpError(416, `The artifact has ${found.size} bytes`)
  }
  const last = Math.min(range?.end ?? found.size - 1, found.size - 1)
  const length = range ? last - range.start + 1 : found.size
  if (range) reply.code(206).header('content-range', `bytes ${range.start}-${last}/${found.size}`)
  const name = encodeURIComponent(path.split('/').at(-1) ?? 'artifact')
  // What a step wrote must never run as a page of this origin.
  return reply
    .header('content-type', 'application/octet-stream')
    .header('content-length', length)
    .header('accept-ranges', 'bytes')
    .header('content-disposition', `attachment; filename*=UTF-8''${name}`)
    .header('x-content-type-options', 'nosniff')
    .send(found.stream)
}

/** One range from a first byte on; any other kind gets the whole file, as HTTP allows. */
function rangeOf(header: string | undefined): ByteRange | undefined {
  const [, first, last] = /^bytes=(\d{1,15})-(\d{1,15})?$/.exec(header ?? '') ?? []
  if (first === undefined) return undefined
  const range = { start: Number(first), end: last === undefined ? undefined : Number(last) }
  return range.end !== undefined && range.end < range.start ? undefined : range
}
