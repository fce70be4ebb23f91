/** Words of a command line in component.yaml: texts and `{inputValue: x}`-like maps. */
import type { Placeholder, PlaceholderPart } from '../placeholders.ts'
import { type Complain, portKey, type V1Port } from './from-v1.ts'

interface Context {
  readonly inputs: readonly V1Port[]
  readonly outputs: readonly V1Port[]
  readonly complain: Complain
}
type Path = readonly (string | number)[]

/** Reads `command` or `args`. */
export function readWords(value: unknown, path: Path, context: Context): readonly PlaceholderPart[] {
  if (value === undefined || value === null) return []
  if (!Array.isArray(value)) {
    context.complain(path, 'wrong-component', 'this is not a list', 'write one "- …" entry for each word')
    return []
  }
  return value.flatMap((word: unknown, index) => readWord(word, [...path, index], context) ?? [])
}

function readWord(word: unknown, path: Path, context: Context): PlaceholderPart | undefined {
  if (typeof word === 'string') return word
  if (typeof word === 'number' || typeof word === 'boolean') return String(word)
  const entries = typeof word === 'object' && word !== null && !Array.isArray(word) ? Object.entries(word) : []
  const [entry] = entries
  const read = entry && entries.length === 1 ? READERS[entry[0]] : undefined
  if (entry && read) return read(entry[1], path, context)
  const what =
    entries.length === 0
      ? 'this is no word of a command'
      : `"${entries.map(([key]) => key).join(', ')}" is no placeholder`
  context.complain(path, 'unknown-placeholder', what, `use text or one of ${Object.keys(READERS).join(', ')}`)
  return undefined
}

type Reader = (argument: unknown, path: Path, context: Context) => PlaceholderPart | undefined

const READERS: Readonly<Record<string, Reader>> = {
  inputValue: (name, path, context) => {
    const port = find(name, 'inputs', path, context)
    if (!port) return undefined
    if (port.type.kind === 'artifact') {
      // Without a type, v1 hands over the content as text; the artifact's file is the nearest thing that IR has.
      context.complain(
        path,
        'wrong-type',
        `inputValue needs a parameter, and "${port.name}" is an artifact`,
        'give the input a type such as String, or use inputPath',
      )
      return undefined
    }
    return { placeholder: 'input-value', name: port.key }
  },
  inputPath: (name, path, context) => artifactPart('input-artifact', 'path', name, path, context),
  inputUri: (name, path, context) => artifactPart('input-artifact', 'uri', name, path, context),
  outputPath: (name, path, context) => {
    const port = find(name, 'outputs', path, context)
    if (port?.type.kind === 'parameter') return { placeholder: 'output-file', name: port.key }
    return port && { placeholder: 'output-artifact', name: port.key, what: 'path' }
  },
  outputUri: (name, path, context) => artifactPart('output-artifact', 'uri', name, path, context),
  executorInput: () => ({ placeholder: 'executor-input' }),
  concat: (parts, path, context) => ({ placeholder: 'concat', parts: readWords(parts, [...path, 'concat'], context) }),
  if: readIf,
}

function artifactPart(
  placeholder: 'input-artifact' | 'output-artifact',
  what: 'path' | 'uri',
  name: unknown,
  path: Path,
  context: Context,
): Placeholder | undefined {
  const port = find(name, placeholder === 'input-artifact' ? 'inputs' : 'outputs', path, context)
  if (port?.type.kind === 'parameter') {
    const instead = placeholder === 'input-artifact' ? 'inputValue' : 'outputPath'
    context.complain(
      path,
      'wrong-type',
      `"${port.name}" is a parameter and has no ${what}`,
      `use ${instead}, or leave its type out`,
    )
    return undefined
  }
  return port && { placeholder, name: port.key, what }
}

function find(name: unknown, section: 'inputs' | 'outputs', path: Path, context: Context): V1Port | undefined {
  const ports = context[section]
  const port = ports.find(
    (candidate) => candidate.name === name || (typeof name === 'string' && candidate.key === portKey(name)),
  )
  if (port) return port
  const known = ports.map((candidate) => candidate.name).join(', ')
  const singular = section.slice(0, -1)
  context.complain(
    path,
    `unknown-${singular}`,
    `there is no ${singular} "${String(name)}"`,
    known ? `there are: ${known}` : `declare it under ${section}`,
  )
  return undefined
}

/** `if: {cond: {isPresent: x}, then: […], else: […]}`. */
function readIf(argument: unknown, path: Path, context: Context): Placeholder | undefined {
  const { cond, then, else: otherwise } = (argument ?? {}) as Record<string, unknown>
  const name = (cond as Record<string, unknown> | undefined)?.['isPresent']
  if (name === undefined || then === undefined) {
    context.complain(
      path,
      'unknown-placeholder',
      '"if" needs cond.isPresent and then',
      'write if: {cond: {isPresent: NAME}, then: […]}',
    )
    return undefined
  }
  const port = find(name, 'inputs', path, context)
  const branch = (value: unknown, key: string): PlaceholderPart | readonly PlaceholderPart[] =>
    Array.isArray(value)
      ? readWords(value, [...path, 'if', key], context)
      : (readWord(value, [...path, 'if', key], context) ?? '')
  return (
    port && {
      placeholder: 'if-present',
      name: port.key,
      // biome-ignore lint/suspicious/noThenProperty: data of the placeholder's form, never awaited.
      then: branch(then, 'then'),
      ...(otherwise === undefined ? {} : { otherwise: branch(otherwise, 'else') }),
    }
  )
}
