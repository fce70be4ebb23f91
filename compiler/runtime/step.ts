/**
 * Runs one TypeScript component inside its step: executor input in, executor output out (kfp-ir.md chapter 3).
 * Travels inside every TypeScript component, so it imports Node only.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { Artifact, outputArtifact, type WireArtifact } from './artifacts.ts'

interface ExecutorInput {
  readonly inputs?: {
    readonly parameterValues?: Readonly<Record<string, unknown>>
    readonly artifacts?: Readonly<Record<string, { readonly artifacts?: readonly WireArtifact[] }>>
  }
  readonly outputs?: {
    readonly artifacts?: Readonly<Record<string, { readonly artifacts?: readonly WireArtifact[] }>>
    readonly outputFile?: string
  }
}

/** What the compiler knows of the component and the code cannot tell any more. */
export interface StepFacts {
  /** Inputs that are lists of artifacts. */
  readonly lists: readonly string[]
  /** Output parameters and their types. */
  readonly outputs: Readonly<Record<string, string>>
  /** Defaults of input parameters, for backends that leave them to the component. */
  readonly defaults: Readonly<Record<string, unknown>>
}

export interface StepComponent {
  readonly run?: (inputs: object, outputs: object, context: object) => unknown
}

/** Reads the command line, runs the component, writes its output. The exit status is 1 when the component throws. */
export async function main(
  component: StepComponent | undefined,
  facts: StepFacts,
  argv: readonly string[],
): Promise<void> {
  const name = optionOf(argv, '--function_to_execute') ?? 'component'
  try {
    if (typeof component?.run !== 'function') throw new Error(`the code of component "${name}" is not in its bundle`)
    const text = optionOf(argv, '--executor_input')
    if (text === undefined) throw new Error('the argument --executor_input is missing')
    await runStep(component.run, facts, JSON.parse(text) as ExecutorInput)
  } catch (error) {
    console.error(error)
    process.exitCode = 1
  }
}

async function runStep(run: NonNullable<StepComponent['run']>, facts: StepFacts, input: ExecutorInput): Promise<void> {
  const outputs = outputArtifacts(input)
  const temporaryDirectory = mkdtempSync(join(tmpdir(), 'step-'))
  try {
    const context = { signal: signalOfTermination(), temporaryDirectory, executorInput: input }
    const result = await run(inputValues(input, facts), outputs, context)
    writeExecutorOutput(input, parameterValues(result, facts), outputs)
  } finally {
    rmSync(temporaryDirectory, { recursive: true, force: true })
  }
}

function optionOf(argv: readonly string[], name: string): string | undefined {
  const index = argv.indexOf(name)
  return index < 0 ? undefined : argv[index + 1]
}

function inputValues(input: ExecutorInput, facts: StepFacts): Record<string, unknown> {
  const values: Record<string, unknown> = { ...facts.defaults }
  for (const [name, value] of Object.entries(input.inputs?.parameterValues ?? {})) {
    if (value !== null) values[name] = value
  }
  for (const [name, { artifacts = [] }] of Object.entries(input.inputs?.artifacts ?? {})) {
    const list = artifacts.map((wire) => new Artifact(wire))
    if (facts.lists.includes(name)) values[name] = list
    else if (list.length > 0) values[name] = list[0]
  }
  return values
}

function outputArtifacts(input: ExecutorInput): Record<string, Artifact> {
  const outputs: Record<string, Artifact> = {}
  for (const [name, { artifacts = [] }] of Object.entries(input.outputs?.artifacts ?? {})) {
    const [wire] = artifacts
    if (!wire) continue
    const artifact = outputArtifact(wire)
    if (artifact.path.startsWith('/')) mkdirSync(dirname(artifact.path), { recursive: true })
    outputs[name] = artifact
  }
  return outputs
}

function parameterValues(result: unknown, { outputs }: StepFacts): Record<string, unknown> {
  const given = (result ?? {}) as Record<string, unknown>
  const values: Record<string, unknown> = {}
  for (const [name, type] of Object.entries(outputs)) {
    const value = given[name]
    if (value === undefined || value === null) throw new Error(`run returned no value for the output "${name}"`)
    if (!isOfType(value, type))
      throw new Error(`run returned ${describe(value)} for the output "${name}" of type ${type}`)
    values[name] = value
  }
  const unknown = Object.keys(given).find((name) => !Object.hasOwn(outputs, name))
  if (unknown !== undefined) throw new Error(`run returned "${unknown}", which is no output parameter of the component`)
  return values
}

function isOfType(value: unknown, type: string): boolean {
  switch (type) {
    case 'NUMBER_INTEGER':
      return Number.isInteger(value)
    case 'NUMBER_DOUBLE':
      return typeof value === 'number' && Number.isFinite(value)
    case 'STRING':
      return typeof value === 'string'
    case 'BOOLEAN':
      return typeof value === 'boolean'
    case 'LIST':
      return Array.isArray(value)
    default:
      return typeof value === 'object' && !Array.isArray(value)
  }
}

function describe(value: unknown): string {
  return typeof value === 'number'
    ? `the number ${value}`
    : Array.isArray(value)
      ? 'a list'
      : `a value of type ${typeof value}`
}

function writeExecutorOutput(
  input: ExecutorInput,
  parameters: Readonly<Record<string, unknown>>,
  artifacts: Readonly<Record<string, Artifact>>,
): void {
  const file = input.outputs?.outputFile
  if (!file) throw new Error('the executor input names no outputFile')
  const entries = Object.entries(artifacts).map(([name, artifact]) => {
    const { name: runtimeName, uri, metadata, schemaTitle } = artifact
    return [name, { artifacts: [{ name: runtimeName, uri, metadata, type: { schemaTitle } }] }] as const
  })
  const output = {
    ...(Object.keys(parameters).length ? { parameterValues: parameters } : {}),
    ...(entries.length ? { artifacts: Object.fromEntries(entries) } : {}),
  }
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, JSON.stringify(output))
}

/** Lets a component that listens end by itself; one that does not ends at once. */
function signalOfTermination(): AbortSignal {
  const controller = new AbortController()
  const { signal } = controller
  let listeners = 0
  const add = signal.addEventListener.bind(signal)
  signal.addEventListener = (...args: Parameters<typeof add>) => {
    listeners++
    add(...args)
  }
  process.once('SIGTERM', () => {
    if (listeners === 0) process.exit(143)
    controller.abort()
  })
  return signal
}
