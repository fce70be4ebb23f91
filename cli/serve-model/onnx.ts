/** ONNX models through onnxruntime-node, which is installed by those who need it: it has 290 MB of native code. */
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { SignatureColumn } from '../../components/model/signature.ts'
import type { Cell, Prediction } from './predictor.ts'

export interface OnnxSession {
  /** One input column each: of the inputs when there are several, else those of the single input's second dimension. */
  readonly columns: readonly SignatureColumn[]
  /** One prediction a row. */
  run(rows: readonly (readonly Cell[])[]): Promise<Prediction[]>
}

type TensorType = 'float32' | 'float64' | 'int64' | 'int32' | 'string' | 'bool'
interface Tensor {
  readonly data: ArrayLike<unknown>
}
interface ValueInfo {
  readonly name: string
  readonly isTensor: boolean
  readonly type?: TensorType
  readonly shape?: readonly (number | string)[]
}
interface Session {
  readonly inputMetadata: readonly ValueInfo[]
  readonly outputMetadata: readonly ValueInfo[]
  run(feeds: object, fetches: readonly string[]): Promise<Record<string, Tensor>>
}
/** The part of onnxruntime-node that is used here. */
interface Runtime {
  readonly Tensor: new (type: TensorType, data: unknown, dims: readonly number[]) => unknown
  readonly InferenceSession: { create(content: Uint8Array): Promise<Session> }
}

/** Elements of a tensor from the cells of requests, which findMismatch has checked. */
const ELEMENTS: Readonly<Record<TensorType, (cells: readonly Cell[]) => unknown>> = {
  float32: (cells) => Float32Array.from(cells, Number),
  float64: (cells) => Float64Array.from(cells, Number),
  int64: (cells) => BigInt64Array.from(cells, (cell) => BigInt(Math.trunc(Number(cell)))),
  int32: (cells) => Int32Array.from(cells, Number),
  bool: (cells) => Uint8Array.from(cells, (cell) => Number(Boolean(cell))),
  string: (cells) => cells.map(String),
}

/**
 * Loads a model; rejects with how to install the runtime when it is missing.
 *
 * @param names of the columns of a single input, where the model's folder tells them
 */
export async function openOnnx(content: Uint8Array, names: readonly string[] = []): Promise<OnnxSession> {
  const runtime = await loadRuntime()
  const session = await runtime.InferenceSession.create(content)
  const { inputMetadata: inputs } = session
  for (const { name, isTensor, type } of inputs) {
    if (isTensor && type && type in ELEMENTS) continue
    throw new Error(`The ONNX model's input "${name}" is of a kind that has no column: ${type ?? 'no tensor'}`)
  }
  const single = inputs.length === 1
  const columns = single ? columnsOfOne(inputs[0]!, names) : inputs.map(columnOf)
  return {
    columns,
    run: async (rows) => {
      const tensor = ({ type }: ValueInfo, cells: readonly Cell[], width: number) =>
        new runtime.Tensor(type!, ELEMENTS[type!](cells), [rows.length, width])
      const feeds = inputs.map((input, at) => [
        input.name,
        single ? tensor(input, rows.flat(), columns.length) : tensor(input, column(rows, at), 1),
      ])
      return await predict(session, Object.fromEntries(feeds), rows.length)
    },
  }
}

const column = (rows: readonly (readonly Cell[])[], at: number): Cell[] => rows.map((row) => row[at]!)
const columnOf = ({ name, type }: ValueInfo): SignatureColumn => ({
  name,
  type: type === 'string' ? 'string' : 'double',
  required: true,
})

function columnsOfOne(input: ValueInfo, names: readonly string[]): SignatureColumn[] {
  const width = input.shape?.at(-1)
  const known = typeof width === 'number' && width > 0
  if (!known && names.length === 0) {
    throw new Error(`The ONNX model does not say how many columns its input "${input.name}" has`)
  }
  const count = known ? width : names.length
  return Array.from({ length: count }, (_, at) =>
    columnOf({ ...input, name: (names.length === count ? names[at] : undefined) ?? `f${at}` }),
  )
}

/** The first output is the prediction; a tensor of probabilities beside it is told too, by number of the class. */
async function predict(session: Session, feeds: object, rowCount: number): Promise<Prediction[]> {
  const [first, ...others] = session.outputMetadata
  const shares = others.find(({ name, isTensor, shape }) => isTensor && /prob/i.test(name) && shape?.length === 2)
  const found = await session.run(feeds, [first!.name, ...(shares ? [shares.name] : [])])
  const values = rowsOf(found[first!.name]!, rowCount)
  const probabilities = shares && rowsOf(found[shares.name]!, rowCount)
  return values.map((row, at) => ({
    prediction: row.length === 1 ? row[0]! : row,
    ...(probabilities && {
      probabilities: Object.fromEntries(probabilities[at]!.map((share, index) => [String(index), Number(share)])),
    }),
  }))
}

/** Labels are 64-bit integers in models of scikit-learn. */
function rowsOf({ data }: Tensor, rowCount: number): (string | number)[][] {
  const plain = Array.from(data, (value) => (typeof value === 'string' ? value : Number(value)))
  const width = plain.length / rowCount
  return Array.from({ length: rowCount }, (_, at) => plain.slice(at * width, (at + 1) * width))
}

/** Beside kfp-ts, or in the project that is worked in. In a variable, so that no compiler insists on the package. */
async function loadRuntime(): Promise<Runtime> {
  const name = 'onnxruntime-node'
  try {
    return await imported(resolved(name))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND') {
      throw new Error(`${name} is there but can't be loaded on this machine: ${(error as Error).message}`)
    }
    throw new Error(
      `ONNX models need the package ${name}, which is not there: npm install ${name} beside kfp-ts or in this folder`,
    )
  }
}

function resolved(name: string): string {
  try {
    return createRequire(import.meta.url).resolve(name)
  } catch {
    return createRequire(join(process.cwd(), 'package.json')).resolve(name)
  }
}

async function imported(file: string): Promise<Runtime> {
  const loaded = (await import(pathToFileURL(file).href)) as Runtime & { default?: Runtime }
  return loaded.default ?? loaded
}
