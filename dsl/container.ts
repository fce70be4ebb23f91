/** defineContainerComponent: a component whose work is a command in an image. */
import type { TaskConfigPassthrough } from '../api/pipeline-spec.ts'
import { type Component, makeComponent } from './component.ts'
import { type ArtifactProperty, type Placeholder, type PlaceholderPart, placeholderText } from './placeholders.ts'
import type { ArtifactType } from './types/artifacts.ts'
import type { InputTypes, OutputTypes } from './types/index.ts'

/** A placeholder that also works inside template strings. */
export type PlaceholderValue = Placeholder & { toString(): string }

/** The parts of an artifact that a command can be given. */
export interface ArtifactPlaceholder {
  readonly uri: PlaceholderValue
  /** File or folder inside the container. */
  readonly path: PlaceholderValue
  readonly metadata: PlaceholderValue
  readonly name: PlaceholderValue
}
/** An output parameter: the command writes its value to this file. */
export interface OutputFilePlaceholder {
  readonly path: PlaceholderValue
}

export type InputPlaceholders<I extends InputTypes> = {
  readonly [K in keyof I]: I[K] extends ArtifactType ? ArtifactPlaceholder : PlaceholderValue
}
export type OutputPlaceholders<O extends OutputTypes> = {
  readonly [K in keyof O]: O[K] extends ArtifactType ? ArtifactPlaceholder : OutputFilePlaceholder
}

type Words<I extends InputTypes, O extends OutputTypes> =
  | readonly PlaceholderPart[]
  | ((inputs: InputPlaceholders<I>, outputs: OutputPlaceholders<O>) => readonly PlaceholderPart[])

// biome-ignore lint/complexity/noBannedTypes: "no inputs" is exactly the empty object here.
type None = {}

export interface ContainerComponentOptions<I extends InputTypes, O extends OutputTypes> {
  readonly name: string
  readonly description?: string
  readonly inputs?: I
  readonly outputs?: O
  readonly image: string
  /** First words of the command line. @default the image's own entry point */
  readonly command?: Words<I, O>
  readonly args?: Words<I, O>
  readonly env?: Readonly<Record<string, string>>
  readonly taskConfigPassthroughs?: readonly TaskConfigPassthrough[]
}

/**
 * Defines a component by an image and a command.
 *
 * @example
 * const sort = defineContainerComponent({
 *   name: 'sort',
 *   inputs: { lines: t.dataset() },
 *   outputs: { sorted: t.dataset() },
 *   image: 'busybox',
 *   command: ({ lines }, { sorted }) => ['sh', '-c', 'sort "$0" > "$1"', lines.path, sorted.path],
 * })
 */
export function defineContainerComponent<const I extends InputTypes = None, const O extends OutputTypes = None>(
  options: ContainerComponentOptions<I, O>,
): Component<I, O> {
  const inputs = inputPlaceholders(options.inputs ?? {}) as InputPlaceholders<I>
  const outputs = outputPlaceholders(options.outputs ?? {}) as OutputPlaceholders<O>
  const words = (given: Words<I, O> | undefined): readonly PlaceholderPart[] =>
    (typeof given === 'function' ? given(inputs, outputs) : (given ?? [])) as readonly PlaceholderPart[]
  return makeComponent<I, O>(options, {
    kind: 'container',
    image: options.image,
    command: words(options.command),
    args: words(options.args),
    ...(options.env ? { env: options.env } : {}),
  })
}

function inputPlaceholders(inputs: InputTypes): Readonly<Record<string, unknown>> {
  const entries = Object.entries(inputs).map(([name, type]) => {
    const value =
      type.kind === 'artifact' ? artifactParts('input-artifact', name) : withText({ placeholder: 'input-value', name })
    return [name, value] as const
  })
  return Object.fromEntries(entries)
}

function outputPlaceholders(outputs: OutputTypes): Readonly<Record<string, unknown>> {
  const entries = Object.entries(outputs).map(([name, type]) => {
    const value =
      type.kind === 'artifact'
        ? artifactParts('output-artifact', name)
        : { path: withText({ placeholder: 'output-file', name }) }
    return [name, value] as const
  })
  return Object.fromEntries(entries)
}

function artifactParts(placeholder: 'input-artifact' | 'output-artifact', name: string): ArtifactPlaceholder {
  const part = (what: ArtifactProperty): PlaceholderValue => withText({ placeholder, name, what })
  return { uri: part('uri'), path: part('path'), metadata: part('metadata'), name: part('name') }
}

/** The text is not enumerable, so that placeholders stay plain data. */
function withText(part: Placeholder): PlaceholderValue {
  return Object.defineProperty({ ...part }, 'toString', { value: () => placeholderText(part) }) as PlaceholderValue
}
