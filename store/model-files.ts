/** Which file of a model's folder a prediction server loads. Pure. Before: the registry names the folder. After: serve-model reads it. */

/** Beside models, these hold what goes in, not what answers. */
const NO_MODEL = /(^|_)(input_example|example)\b|^package(-lock)?\.json$/

/**
 * The file among the names of one folder: ONNX before ours, the usual names before others; undefined when there is none.
 *
 * @example pickModelFile(['MLmodel', 'model.onnx', 'requirements.txt']) // 'model.onnx'
 */
export function pickModelFile(names: readonly string[]): string | undefined {
  const usable = names.filter((name) => /\.(onnx|json)$/.test(name) && !NO_MODEL.test(name)).sort()
  const wanted = ['model.onnx', usable.find((name) => name.endsWith('.onnx')), 'model.json', usable[0]]
  return wanted.find((name) => name !== undefined && usable.includes(name))
}
