/** The input columns that MLflow wrote beside a model, in the file MLmodel. Before: predictor.ts names an ONNX input's columns by it. */
import { parse } from 'yaml'

/** Names in their order; empty when the file has none: no signature, or one of tensors. */
export function signatureColumns(mlmodel: string | undefined): string[] {
  if (mlmodel === undefined) return []
  try {
    const { signature } = parse(mlmodel) as { signature?: { inputs?: string } }
    const inputs = JSON.parse(signature?.inputs ?? '[]') as { name?: string; type?: string }[]
    return inputs.flatMap(({ name, type }) => (name && type !== 'tensor' ? [name] : []))
  } catch {
    // The file is a help for names; the model itself says what it takes.
    return []
  }
}
