/** JSON Schema (draft 7) of a message after parsing, made of the same tables that parsing reads by. Written to `api/schema/*.json`. */
import type { JsonObject } from '../json.ts'
import type { FieldType, Message } from './field-types.ts'
import { MESSAGES } from './messages.ts'

/** @returns a schema that stands by itself: all messages that `root` needs are among its definitions */
export function jsonSchemaOf(root: string): JsonObject {
  const definitions: Record<string, JsonObject> = {}
  addDefinition(root, definitions)
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: root,
    description: MESSAGES[root]!.doc,
    $ref: `#/definitions/${root}`,
    definitions: Object.fromEntries(Object.entries(definitions).sort(([a], [b]) => (a < b ? -1 : 1))),
  }
}

function addDefinition(name: string, definitions: Record<string, JsonObject>): void {
  if (definitions[name]) return
  const message = MESSAGES[name]!
  definitions[name] = {}
  definitions[name] = schemaOfMessage(message, (used) => addDefinition(used, definitions))
}

function schemaOfMessage(message: Message, use: (name: string) => void): JsonObject {
  const properties: Record<string, JsonObject> = {}
  for (const [name, field] of Object.entries(message.fields)) {
    const note = field.deprecated ? `${field.doc} (deprecated)` : field.doc
    properties[name] = { ...schemaOfType(field.type, use), description: note }
  }
  const required = Object.keys(message.fields).filter((name) => message.fields[name]!.required)
  const exclusions = (message.oneofs ?? [])
    .flatMap((group) => pairs(group))
    .map((pair) => ({ not: { required: pair } }))
  return {
    description: message.doc,
    type: 'object',
    properties,
    ...(required.length > 0 ? { required } : {}),
    ...(message.toleratesUnknownFields ? {} : { additionalProperties: false }),
    ...(exclusions.length > 0 ? { allOf: exclusions } : {}),
  }
}

function schemaOfType(type: FieldType, use: (name: string) => void): JsonObject {
  switch (type.kind) {
    case 'text':
      return { type: 'string' }
    case 'bool':
      return { type: 'boolean' }
    case 'int32':
      return { type: 'integer', minimum: -(2 ** 31), maximum: 2 ** 31 }
    case 'int64':
      return { type: 'integer' }
    case 'double':
      return { type: 'number' }
    case 'duration':
      return { type: 'string', pattern: '^-?[0-9]{1,12}(\\.[0-9]{1,9})?s$' }
    case 'value':
      return {}
    case 'struct':
      return { type: 'object' }
    case 'enum':
      return { enum: type.values }
    case 'list':
      return { type: 'array', items: schemaOfType(type.of, use) }
    case 'map':
      return { type: 'object', additionalProperties: schemaOfType(type.of, use) }
    case 'message':
      use(type.name)
      // Draft 7 ignores what stands beside $ref; the description needs the wrapping.
      return { allOf: [{ $ref: `#/definitions/${type.name}` }] }
  }
}

function pairs(names: readonly string[]): string[][] {
  return names.flatMap((first, index) => names.slice(index + 1).map((second) => [first, second]))
}
