/** References: what a pipeline's body passes around instead of values. Made by inputs, tasks and loops; lowered by the compiler. */
import type { ParameterType as ParameterTypeWord } from '../api/pipeline-spec.ts'
import type { BranchesNode, LoopNode, PipelineGraph, TaskNode } from './graph.ts'
import type { CallSite } from './location.ts'
import { brandOf, hasBrand, sharedSlot } from './shared.ts'
import type { ParameterType, Untyped } from './types/parameters.ts'

/** Where the value of a reference comes from. */
export type RefSource =
  | { readonly from: 'input'; readonly graph: PipelineGraph; readonly name: string }
  | { readonly from: 'task'; readonly task: TaskNode; readonly output: string }
  | { readonly from: 'loop'; readonly loop: LoopNode }
  | { readonly from: 'field'; readonly of: ParameterRef; readonly key: string | number }
  | {
      readonly from: 'one-of'
      readonly branches: BranchesNode
      readonly index: number
      readonly choices: readonly AnyRef[]
    }
  | { readonly from: 'collected'; readonly of: AnyRef }

declare const valueType: unique symbol
declare const titleType: unique symbol

/** Fields of a struct; any name when nothing is known of it. */
type FieldName<T> = unknown extends T ? string : keyof NonNullable<T> & string
type FieldValue<T, K> = unknown extends T ? Untyped : NonNullable<T>[K & keyof NonNullable<T>]

const PARAMETER = brandOf('parameter-ref')
const ARTIFACT = brandOf('artifact-ref')

/** Stands for a parameter of type `T`. */
export class ParameterRef<out T = unknown> {
  static [Symbol.hasInstance](value: unknown): boolean {
    return hasBrand(value, PARAMETER)
  }

  declare readonly [valueType]?: T
  readonly [PARAMETER] = true
  readonly kind = 'parameter'
  readonly source: RefSource
  readonly parameterType: ParameterTypeWord
  /** What is known of the elements or fields. */
  readonly detail: Pick<ParameterType, 'items' | 'fields'>
  readonly site: CallSite

  constructor(source: RefSource, type: Pick<ParameterType, 'parameterType' | 'items' | 'fields'>, site: CallSite) {
    this.source = source
    this.parameterType = type.parameterType
    this.detail = { ...(type.items ? { items: type.items } : {}), ...(type.fields ? { fields: type.fields } : {}) }
    this.site = site
  }

  /**
   * One field of a struct.
   *
   * @example parallelFor(jobs, (job) => { train({ depth: job.field('depth') }) })
   */
  field<K extends FieldName<T>>(key: K): ParameterRef<FieldValue<T, K>> {
    const known = this.detail.fields?.[key]
    return new ParameterRef({ from: 'field', of: this, key }, known ?? { parameterType: 'STRING' }, this.site)
  }

  /** A reference has no text before the run: this is what template strings and `+` get, and the compiler finds it there. */
  toString(): string {
    return placeTokenFor(this)
  }

  /** `a && b`, `a < b` and the like on references decide nothing; the mark that this gives is reported when it is used. */
  [Symbol.toPrimitive](hint: string): string | number {
    return hint === 'number' ? Number.NaN : placeTokenFor(this)
  }

  toJSON(): string {
    return placeTokenFor(this)
  }
}

/** Stands for an artifact with schema title `S`, or a list of them. `M` is true when it may be missing. */
export class ArtifactRef<
  out S extends string = string,
  out L extends boolean = boolean,
  out M extends boolean = false,
> {
  static [Symbol.hasInstance](value: unknown): boolean {
    return hasBrand(value, ARTIFACT)
  }

  readonly [ARTIFACT] = true
  declare readonly [titleType]?: { readonly title: S; readonly list: L; readonly missing: M }
  readonly kind = 'artifact'
  readonly source: RefSource
  readonly schemaTitle: string
  readonly schemaVersion: string
  readonly list: boolean
  readonly site: CallSite

  constructor(
    source: RefSource,
    type: { readonly schemaTitle: string; readonly schemaVersion: string; readonly list: boolean },
    site: CallSite,
  ) {
    this.source = source
    this.schemaTitle = type.schemaTitle
    this.schemaVersion = type.schemaVersion
    this.list = type.list
    this.site = site
  }
}

export type AnyRef = ParameterRef | ArtifactRef<string, boolean, boolean>

export function isRef(value: unknown): value is AnyRef {
  return value instanceof ParameterRef || value instanceof ArtifactRef
}

const TOKEN_START = '\u0001kfp-ts-ref:'
const TOKEN_END = '\u0002'
const TOKEN = new RegExp(`${TOKEN_START}(\\d+)${TOKEN_END}`, 'g')

/** References that were turned into text while one pipeline body ran; the scope empties it. */
const tokens = sharedSlot<ParameterRef[]>('tokens', [])

function placeTokenFor(ref: ParameterRef): string {
  let index = tokens.value.indexOf(ref)
  if (index < 0) index = tokens.value.push(ref) - 1
  return `${TOKEN_START}${index}${TOKEN_END}`
}

/** Runs a body with an empty table of references in text. */
export function withTokens<R>(body: () => R): R {
  const before = tokens.value
  tokens.value = []
  try {
    return body()
  } finally {
    tokens.value = before
  }
}

/** Text with references in it, as alternating pieces. */
export type TextPiece = string | ParameterRef

/** Whether a reference was written into a text. */
export function holdsRef(text: string): boolean {
  return text.includes(TOKEN_START)
}

/** Splits text at the references that were written into it. */
export function piecesOf(text: string): readonly TextPiece[] {
  if (!holdsRef(text)) return [text]
  return text
    .split(TOKEN)
    .map((piece, index): TextPiece | undefined => (index % 2 === 1 ? tokens.value[Number(piece)] : piece))
    .filter((piece): piece is TextPiece => piece !== undefined && piece !== '')
}
