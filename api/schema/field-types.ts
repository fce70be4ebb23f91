/** The words in which the documents' messages are described: parser, JSON Schema and docs all read these tables. */

/** One kind of value, in the proto3 JSON mapping. */
export type FieldType =
  | { readonly kind: 'text' | 'bool' | 'int32' | 'int64' | 'double' | 'duration' }
  /** Any JSON value: `google.protobuf.Value`. */
  | { readonly kind: 'value' }
  /** Any JSON object: `google.protobuf.Struct`. */
  | { readonly kind: 'struct' }
  | { readonly kind: 'enum'; readonly values: readonly string[] }
  | { readonly kind: 'message'; readonly name: string }
  | { readonly kind: 'list'; readonly of: FieldType }
  | { readonly kind: 'map'; readonly of: FieldType }

/** A field of a message; every field may be missing unless it is `required`. */
export interface Field {
  readonly type: FieldType
  readonly doc: string
  readonly required?: boolean
  /** Read, but replaced by a newer form; `kfp` no longer writes it or writes both. */
  readonly deprecated?: boolean
}

export interface Message {
  readonly doc: string
  readonly fields: Readonly<Record<string, Field>>
  /** At most one of each group may be set. */
  readonly oneofs?: readonly (readonly string[])[]
  /** A stock backend ignores keys that it does not know here; elsewhere it refuses them. */
  readonly toleratesUnknownFields?: boolean
}
export type MessageTable = Readonly<Record<string, Message>>

export const text: FieldType = { kind: 'text' }
export const bool: FieldType = { kind: 'bool' }
export const int32: FieldType = { kind: 'int32' }
export const int64: FieldType = { kind: 'int64' }
export const double: FieldType = { kind: 'double' }
export const duration: FieldType = { kind: 'duration' }
export const value: FieldType = { kind: 'value' }
export const struct: FieldType = { kind: 'struct' }
export const oneOf = (...values: readonly string[]): FieldType => ({ kind: 'enum', values })
export const message = (name: string): FieldType => ({ kind: 'message', name })
export const list = (of: FieldType): FieldType => ({ kind: 'list', of })
export const map = (of: FieldType): FieldType => ({ kind: 'map', of })

/** An optional field. */
export const field = (type: FieldType, doc: string): Field => ({ type, doc })
export const required = (type: FieldType, doc: string): Field => ({ type, doc, required: true })
export const deprecated = (type: FieldType, doc: string): Field => ({ type, doc, deprecated: true })
