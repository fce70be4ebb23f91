/** Uploads of pipelines and versions: one file of a form, everything else in the query. Errors have a shape of their own here. */
import { basename, extname } from 'node:path'
import multipart from '@fastify/multipart'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { invalid, MetadataError } from '../../store/metadata/errors.ts'
import type { Services } from '../context.ts'
import { problemOf } from '../problem.ts'
import { idOf, type KfpCall, namespaceOf } from './call.ts'
import { statusOf } from './kfp-error.ts'
import { addVersion, createWithVersion, readNaming } from './pipelines.ts'
import { parseSpec } from './spec.ts'
import { MAX_PACKAGE_BYTES, unpackPipeline } from './unpack.ts'

const MAX_NAME_LENGTH = 128

export async function registerUploads(
  app: FastifyInstance,
  prefix: string,
  services: Services,
  callOf: (request: FastifyRequest) => Promise<KfpCall>,
): Promise<void> {
  await app.register(multipart, { limits: { fileSize: MAX_PACKAGE_BYTES, files: 1, fields: 20, parts: 25 } })
  app.setErrorHandler((error, request, reply) => {
    const problem = problemOf(error, request, services.logger)
    return reply.code(statusOf(problem)).send({ error_message: problem.message, error_details: problem.message })
  })
  app.post(`${prefix}/pipelines/upload`, async (request) => {
    const call = await callOf(request)
    const { text, fileName } = await readUpload(request)
    const naming = readNaming(call.query, MAX_NAME_LENGTH)
    const named = naming.name || naming.displayName ? naming : { ...naming, name: fileName }
    const source = { document: parseSpec(text, fileName), codeSourceUrl: call.query.text('code_source_url', 4000) }
    return await createWithVersion(call, namespaceOf(call, call.query.text('namespace')), named, source)
  })
  app.post(`${prefix}/pipelines/upload_version`, async (request) => {
    const call = await callOf(request)
    const id = idOf({ ...call, params: { pipeline: call.query.required('pipelineid', 200) } }, 'pipeline')
    const { text, fileName } = await readUpload(request)
    const source = { document: parseSpec(text, fileName), codeSourceUrl: call.query.text('code_source_url', 4000) }
    return await addVersion(call, id, readNaming(call.query, MAX_NAME_LENGTH), source)
  })
}

async function readUpload(request: FastifyRequest): Promise<{ text: string; fileName: string }> {
  if (!request.isMultipart()) throw invalid("The upload must be multipart/form-data with the file as 'uploadfile'")
  const { part, content } = await readForm(request)
  const fileName = basename(part.filename || 'pipeline').slice(0, MAX_NAME_LENGTH)
  const text = await unpackPipeline(content)
  return { text, fileName: fileName.slice(0, fileName.length - extname(fileName).length) || fileName }
}

async function readForm(request: FastifyRequest) {
  try {
    const part = await request.file()
    if (part?.fieldname !== 'uploadfile') throw invalid("The form has no file 'uploadfile'")
    return { part, content: await part.toBuffer() }
  } catch (error) {
    // What the parser of forms says of a broken form has no status of its own.
    if ((error as { statusCode?: number }).statusCode || error instanceof MetadataError) throw error
    throw invalid(`The form can not be read: ${error instanceof Error ? error.message : String(error)}`)
  }
}
