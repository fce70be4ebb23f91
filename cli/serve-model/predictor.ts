/** A loaded model: what it takes, and a function from rows to predictions. Formats: our model file, and ONNX. Before: prediction-server.ts. */
import { type ModelSignature, modelSignature, parseModel, predictRecord } from '../../components/index.ts'
import { signatureColumns } from './mlflow-signature.ts'
import type { ModelContent } from './model-source.ts'
import { openOnnx } from './onnx.ts'

export type Cell = string | number | boolean | null
export type Row = Readonly<Record<string, Cell>>

export interface Predictor {
  readonly format: 'kfp-ts' | 'onnx'
  readonly signature: ModelSignature
  /** One prediction a row. */
  predict(rows: readonly Row[]): Promise<readonly Prediction[]>
}

export interface Prediction {
  /** A list for models with several outputs a row. */
  readonly prediction: string | number | readonly (string | number)[]
  /** By class; only of classifiers. */
  readonly probabilities?: Readonly<Record<string, number>>
}

/** Reads a model by the name of its file. Rejects for formats that it does not know. */
export async function loadPredictor({ fileName, content, mlmodel }: Omit<ModelContent, 'label'>): Promise<Predictor> {
  if (fileName.endsWith('.onnx')) return await onnxPredictor(content, mlmodel)
  const model = parseModel(new TextDecoder().decode(content))
  return {
    format: 'kfp-ts',
    signature: modelSignature(model.target, model.features, model.preprocessing),
    predict: async (rows) =>
      rows.map((row) => {
        const { label, probabilities } = predictRecord(model, row)
        return { prediction: label, probabilities }
      }),
  }
}

async function onnxPredictor(content: Uint8Array, mlmodel: string | undefined): Promise<Predictor> {
  const session = await openOnnx(content, signatureColumns(mlmodel))
  const names = session.columns.map(({ name }) => name)
  return {
    format: 'onnx',
    signature: { inputs: session.columns, outputs: [{ name: 'prediction', type: 'string', required: true }] },
    predict: async (rows) => await session.run(rows.map((row) => names.map((name) => row[name]!))),
  }
}

/** What is wrong with the rows, in words; undefined when they fit the signature. */
export function findMismatch(signature: ModelSignature, rows: readonly Row[]): string | undefined {
  const known = new Set(signature.inputs.map((column) => column.name))
  for (const [index, row] of rows.entries()) {
    for (const { name, type, required } of signature.inputs) {
      const value = row[name]
      if (value === undefined || value === null) {
        if (required || !Object.hasOwn(row, name)) return `row ${index}: column "${name}" is missing`
        continue
      }
      if (type === 'double' && (value === '' || !Number.isFinite(Number(value)))) {
        return `row ${index}: column "${name}" must be a number, got ${JSON.stringify(value)}`
      }
    }
    const unknown = Object.keys(row).find((name) => !known.has(name))
    if (unknown !== undefined) return `row ${index}: the model has no column "${unknown}"`
  }
  return undefined
}
