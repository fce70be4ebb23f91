/** Parts of a container's command line that are known only when the container starts. */

/** A part of a command: text, or something that the backend fills in. */
export type PlaceholderPart = string | Placeholder

export type Placeholder =
  | { readonly placeholder: 'input-value'; readonly name: string }
  | { readonly placeholder: 'input-artifact'; readonly name: string; readonly what: ArtifactProperty }
  | { readonly placeholder: 'output-file'; readonly name: string }
  | { readonly placeholder: 'output-artifact'; readonly name: string; readonly what: ArtifactProperty }
  | { readonly placeholder: 'executor-input' }
  | { readonly placeholder: 'concat'; readonly parts: readonly PlaceholderPart[] }
  | {
      readonly placeholder: 'if-present'
      readonly name: string
      readonly then: PlaceholderPart | readonly PlaceholderPart[]
      readonly otherwise?: PlaceholderPart | readonly PlaceholderPart[]
    }
export type ArtifactProperty = 'uri' | 'path' | 'metadata' | 'name' | { readonly metadata: string }

/** Several parts as one argument. */
export function concat(...parts: readonly PlaceholderPart[]): Placeholder {
  return { placeholder: 'concat', parts }
}

/**
 * Parts that are there only when the caller gave the input.
 *
 * @example args: [ifPresent('threshold', ['--threshold', inputs.threshold])]
 */
export function ifPresent(
  inputName: string,
  then: PlaceholderPart | readonly PlaceholderPart[],
  otherwise?: PlaceholderPart | readonly PlaceholderPart[],
): Placeholder {
  return { placeholder: 'if-present', name: inputName, then, ...(otherwise === undefined ? {} : { otherwise }) }
}

/** Everything the component is given, as one JSON text. */
export const executorInput: Placeholder = { placeholder: 'executor-input' }

/** The text that the backend replaces. Placeholders also become it inside template strings. */
export function placeholderText(part: PlaceholderPart): string {
  if (typeof part === 'string') return part
  switch (part.placeholder) {
    case 'input-value':
      return `{{$.inputs.parameters['${part.name}']}}`
    case 'input-artifact':
      return `{{$.inputs.artifacts['${part.name}']${propertyText(part.what)}}}`
    case 'output-file':
      return `{{$.outputs.parameters['${part.name}'].output_file}}`
    case 'output-artifact':
      return `{{$.outputs.artifacts['${part.name}']${propertyText(part.what)}}}`
    case 'executor-input':
      return '{{$}}'
    case 'concat':
    case 'if-present':
      return pythonSpacedJson(structure(part))
  }
}

function propertyText(what: ArtifactProperty): string {
  return typeof what === 'string' ? `.${what}` : `.metadata['${what.metadata}']`
}

type Structure = string | { readonly [key: string]: Structure | readonly Structure[] }

function structure(part: PlaceholderPart): Structure {
  if (typeof part === 'string') return part
  if (part.placeholder === 'concat') return { Concat: part.parts.map(structure) }
  if (part.placeholder !== 'if-present') return placeholderText(part)
  const branch = (value: PlaceholderPart | readonly PlaceholderPart[]): Structure | readonly Structure[] =>
    Array.isArray(value) ? value.map(structure) : structure(value as PlaceholderPart)
  return {
    IfPresent: {
      InputName: part.name,
      Then: branch(part.then),
      ...(part.otherwise === undefined ? {} : { Else: branch(part.otherwise) }),
    },
  }
}

/** JSON with a space after `,` and `:`: backends look for the exact beginning `{"Concat": `. */
function pythonSpacedJson(value: Structure | readonly Structure[]): string {
  if (typeof value === 'string') return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(pythonSpacedJson).join(', ')}]`
  const fields = Object.entries(value).map(([key, field]) => `${JSON.stringify(key)}: ${pythonSpacedJson(field)}`)
  return `{${fields.join(', ')}}`
}
