/** A loaded model: what it takes, and a function from rows to predictions. Formats: our model file, and ONNX. Before: prediction-server.ts. */
import { type ModelSignature, modelSignature, parseModel, predictRecord } from '../../components/index.ts'
import { type OnnxSession, openOnnx } from './onnx.ts'

export type Cell = string | number | boolean | null
export type Row = Readonly<Record<string, Cell>>

export interface Predictor {
  readonly format: 'kfp-ts' | 'onnx'
  readonly signature: ModelSignature
  /** One prediction a row. */
  predict(rows: readonly Row[]): Promise<readonly Prediction[]>
}

export interface Prediction {
  readonly prediction: string | number
  /** By class; only of classifiers. */
  readonly probabilities?: Readonly<Record<string, number>>
}

/** Reads a model by the name of its file. Rejects for formats that it does not know. */
export async function loadPredictor(fileName: string, content: Uint8Array): Promise<Predictor> {
  if (fileName.endsWith('.onnx')) return onnxPredictor(await openOnnx(content))
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

function onnxPredictor(session: OnnxSession): Predictor {
  const inputs = session.columns.map((name) => ({ name, type: 'double' as const, required: true }))
  return {
    format: 'onnx',
    signature: { inputs, outputs: [{ name: 'prediction', type: 'string', required: true }] },
    predict: async (rows) => {
      const values = rows.map((row) => session.columns.map((name) => Number(row[name])))
      return (await session.run(values)).map((prediction) => ({ prediction }))
    },
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
