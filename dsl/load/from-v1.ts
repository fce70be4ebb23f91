/** component.yaml (`inputs`, `outputs`, `implementation.container`) as a component. */
import { isMap, LineCounter, type Node, parseDocument } from 'yaml'
import { InvalidInputError, type Issue } from '../../api/issue.ts'
import type { ComponentModel } from '../graph.ts'
import type { CallSite } from '../location.ts'
import type { AnyType } from '../types/index.ts'
import { readWords } from './v1-placeholders.ts'
import { defaultOf, parameterWord, schemaTitle, type V1Type } from './v1-types.ts'

/** Reports a problem at a place in the document, such as `['inputs', 0, 'default']`. */
export type Complain = (path: readonly (string | number)[], code: string, message: string, hint: string) => void

/** An input or output, under the name that the file gives it. */
export interface V1Port {
  readonly name: string
  /** Name in the IR: small letters, digits and `_`. */
  readonly key: string
  readonly type: AnyType
}

export function componentFromV1(text: string, source: { readonly file?: string }, site: CallSite): ComponentModel {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, logLevel: 'silent', version: '1.2' })
  const issues: Issue[] = []
  const complain: Complain = (path, code, message, hint) => {
    const offset = (document.getIn(path, true) as Node | undefined)?.range?.[0]
    const at = offset === undefined ? undefined : lines.linePos(offset)
    const location = {
      ...(source.file === undefined ? {} : { file: source.file }),
      ...(at ? { line: at.line, column: at.col } : {}),
    }
    issues.push({ code, severity: 'error', path: pathText(path), message, hint, location })
  }
  const root = isMap(document.contents) ? (document.toJS({ maxAliasCount: 100 }) as Record<string, unknown>) : {}
  const inputs = readPorts(root['inputs'], 'inputs', complain)
  const outputs = readPorts(root['outputs'], 'outputs', complain)
  const container = readContainer(root, complain)
  const implementation = {
    kind: 'container' as const,
    image: String(container['image'] ?? ''),
    command: readWords(container['command'], ['implementation', 'container', 'command'], { inputs, outputs, complain }),
    args: readWords(container['args'], ['implementation', 'container', 'args'], { inputs, outputs, complain }),
    env: readEnv(container['env'], complain),
  }
  if (issues.length > 0) throw new InvalidInputError(issues)
  return {
    name: typeof root['name'] === 'string' && root['name'] !== '' ? root['name'] : 'component',
    ...(typeof root['description'] === 'string' ? { description: root['description'].trim() } : {}),
    inputs: typesOf(inputs),
    outputs: typesOf(outputs),
    implementation,
    site,
  }
}

function typesOf(ports: readonly V1Port[]): Readonly<Record<string, AnyType>> {
  return Object.fromEntries(ports.map(({ key, type }) => [key, type]))
}

function pathText(path: readonly (string | number)[]): string {
  return path.reduce<string>(
    (text, part) => (typeof part === 'number' ? `${text}[${part}]` : text === '' ? part : `${text}.${part}`),
    '',
  )
}

/** As KFP does for names of component.yaml. */
export function portKey(name: string): string {
  return name
    .toLowerCase()
    .replace(/[^_0-9a-z]+/g, '_')
    .replace(/_+/g, '_')
    .replace(/^_|_$/g, '')
}

function readPorts(value: unknown, section: 'inputs' | 'outputs', complain: Complain): readonly V1Port[] {
  if (value === undefined || value === null) return []
  if (!Array.isArray(value)) {
    complain(
      [section],
      'wrong-component',
      `${section} is not a list`,
      `write ${section}: followed by "- name: …" entries`,
    )
    return []
  }
  const seen = new Set<string>()
  return value.flatMap((entry: unknown, index): V1Port[] => {
    const fields = typeof entry === 'object' && entry !== null ? (entry as Record<string, unknown>) : {}
    const name = fields['name']
    if (typeof name !== 'string' || portKey(name) === '') {
      complain([section, index], 'wrong-component', 'this entry has no name', 'add "name: …"')
      return []
    }
    const key = portKey(name)
    if (seen.has(key)) {
      complain(
        [section, index],
        'duplicate-name',
        `there are two ${section} "${key}"`,
        'names may not differ in spaces, signs or capitals only',
      )
      return []
    }
    seen.add(key)
    const complainHere: Complain = (path, ...rest) => complain([section, index, ...path], ...rest)
    return [{ name, key, type: section === 'inputs' ? inputType(fields, complainHere) : outputType(fields) }]
  })
}

function inputType(fields: Record<string, unknown>, complain: Complain): AnyType {
  const word = parameterWord(fields['type'] as V1Type)
  const described = typeof fields['description'] === 'string' ? { description: fields['description'].trim() } : {}
  const isOptional = fields['optional'] === true || fields['optional'] === 'true'
  const fallback = fields['default']
  if (!word) {
    const { title, version } = schemaTitle(fields['type'] as V1Type)
    const need = isOptional || fallback !== undefined ? 'optional' : 'required'
    return { kind: 'artifact', schemaTitle: title, schemaVersion: version, list: false, need, ...described }
  }
  if (fallback === undefined || fallback === null) {
    const isGiven = word === 'TASK_FINAL_STATUS' || word === 'TASK_CONFIG'
    return {
      kind: 'parameter',
      parameterType: word,
      need: isOptional || isGiven ? 'optional' : 'required',
      ...described,
    }
  }
  const defaultValue = defaultOf(fallback, word)
  if (defaultValue === undefined) {
    complain(
      ['default'],
      'wrong-type',
      `the default ${JSON.stringify(fallback)} is no ${word}`,
      'change the default or the type',
    )
  }
  return {
    kind: 'parameter',
    parameterType: word,
    need: 'defaulted',
    ...(defaultValue === undefined ? {} : { defaultValue }),
    ...described,
  }
}

function outputType(fields: Record<string, unknown>): AnyType {
  const word = parameterWord(fields['type'] as V1Type)
  const described = typeof fields['description'] === 'string' ? { description: fields['description'].trim() } : {}
  if (word) return { kind: 'parameter', parameterType: word, need: 'required', ...described }
  const { title, version } = schemaTitle(fields['type'] as V1Type)
  return { kind: 'artifact', schemaTitle: title, schemaVersion: version, list: false, need: 'required', ...described }
}

function readContainer(root: Record<string, unknown>, complain: Complain): Record<string, unknown> {
  const implementation = root['implementation'] as Record<string, unknown> | null | undefined
  const container = implementation?.['container'] as Record<string, unknown> | null | undefined
  if (typeof container === 'object' && container !== null) {
    if (typeof container['image'] !== 'string' || container['image'] === '') {
      complain(['implementation', 'container'], 'wrong-component', 'the container has no image', 'add "image: …"')
    }
    return container
  }
  const kind = Object.keys(implementation ?? {})[0]
  const message =
    kind === undefined ? 'the component has no implementation.container' : `implementation.${kind} cannot be loaded`
  complain(['implementation'], 'wrong-component', message, 'only implementation.container is supported')
  return {}
}

function readEnv(value: unknown, complain: Complain): Readonly<Record<string, string>> {
  if (value === undefined || value === null) return {}
  if (typeof value === 'object' && !Array.isArray(value)) {
    return Object.fromEntries(Object.entries(value).map(([name, text]) => [name, String(text)]))
  }
  complain(['implementation', 'container', 'env'], 'wrong-component', 'env is not a map', 'write "NAME: value" entries')
  return {}
}
