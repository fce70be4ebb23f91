/** JSON Schemas of the pipeline file's documents, made of the tables that parsing reads by. */
import { jsonSchemaOf } from '../api/schema/json-schema.ts'

const FILES = { PipelineSpec: 'pipeline-spec', PlatformSpec: 'platform-spec' }

export async function generate(): Promise<ReadonlyMap<string, string>> {
  return new Map(
    Object.entries(FILES).map(([message, name]) => [
      `api/schema/${name}.schema.json`,
      `${JSON.stringify(jsonSchemaOf(message), null, 2)}\n`,
    ]),
  )
}
