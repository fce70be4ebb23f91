/** importer: brings data that already exists into a pipeline, as an artifact. */
import type { JsonValue } from '../api/json.ts'
import { readTemplate } from './arguments.ts'
import { createTask } from './create-task.ts'
import type { ComponentModel, TemplateValue } from './graph.ts'
import { here } from './location.ts'
import { uniqueName } from './names.ts'
import { type ArtifactRef, ParameterRef, piecesOf, type TextPiece } from './refs.ts'
import { currentScope, report } from './scope.ts'
import type { Task } from './task.ts'
import type { ArtifactType } from './types/artifacts.ts'
import type { AnyType } from './types/index.ts'

export interface ImporterOptions<S extends string> {
  /** Where the data is. */
  readonly uri: string | ParameterRef<string>
  /** What it is, such as `t.dataset()`. */
  readonly type: ArtifactType<S>
  /** Kept with the artifact; keys and texts may hold references. */
  readonly metadata?: { readonly [key: string]: unknown }
  /** Makes a new artifact although one with the same URI and metadata is known. @default false */
  readonly reimport?: boolean
  /** Copies the data to the run's workspace. @default false */
  readonly downloadToWorkspace?: boolean
  /** @default 'importer' */
  readonly name?: string
}

/**
 * Imports an artifact.
 *
 * @example const raw = importer({ uri: 's3://bucket/iris.csv', type: t.dataset() }).output
 */
export function importer<S extends string>(
  options: ImporterOptions<S>,
): Task<{ readonly artifact: ArtifactRef<S, false> }> {
  const { uri, type, metadata = {}, reimport = false, downloadToWorkspace = false, name = 'importer' } = options
  const scope = currentScope('importer')
  const site = here()
  const inputs: Record<string, AnyType> = {}
  const args: Record<string, unknown> = {}
  const template = readTemplate(metadata)
  if (!template.ok) {
    report(scope, {
      code: 'wrong-type',
      message: `the metadata of an importer holds ${template.problem}`,
      hint: 'use JSON values and references to parameters',
      site,
    })
  }
  const names = new Map<ParameterRef, string>()
  const inputFor = (ref: ParameterRef): string => {
    const known = names.get(ref)
    if (known !== undefined) return known
    const fresh = uniqueName('metadata', (taken) => Object.hasOwn(inputs, taken))
    names.set(ref, fresh)
    inputs[fresh] = { kind: 'parameter', parameterType: ref.parameterType, need: 'required' }
    args[fresh] = ref
    return fresh
  }
  const plain = template.ok ? plainJson(template.value, inputFor) : {}
  inputs['uri'] = { kind: 'parameter', parameterType: 'STRING', need: 'required' }
  args['uri'] = uri
  const isDynamic = uri instanceof ParameterRef || piecesOf(uri).some((piece) => piece instanceof ParameterRef)
  const model: ComponentModel = {
    name,
    inputs,
    outputs: { artifact: { ...type, need: 'required', list: false } },
    implementation: {
      kind: 'importer',
      uri: isDynamic
        ? new ParameterRef({ from: 'input', graph: scope.graph, name: 'uri' }, { parameterType: 'STRING' }, site)
        : uri,
      schemaTitle: type.schemaTitle,
      schemaVersion: type.schemaVersion,
      metadata: plain as { readonly [key: string]: JsonValue },
      reimport,
      downloadToWorkspace,
    },
    site,
  }
  return createTask(model, args) as unknown as Task<{ readonly artifact: ArtifactRef<S, false> }>
}

/** The metadata with placeholders for the importer's own inputs. */
function plainJson(value: TemplateValue, inputFor: (ref: ParameterRef) => string): JsonValue {
  if (value === null || typeof value !== 'object') return value
  if ('list' in value) return value.list.map((item) => plainJson(item, inputFor))
  if (!('fields' in value)) return plainText(value, inputFor)
  return Object.fromEntries(
    value.fields.map(([key, field]) => [plainText(key, inputFor), plainJson(field, inputFor)] as const),
  )
}

function plainText(pieces: readonly TextPiece[], inputFor: (ref: ParameterRef) => string): string {
  return pieces
    .map((piece) => (typeof piece === 'string' ? piece : `{{$.inputs.parameters['${inputFor(piece)}']}}`))
    .join('')
}
