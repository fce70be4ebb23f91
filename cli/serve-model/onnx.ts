/** ONNX models through onnxruntime-node, which is installed by those who need it: it has 100 MB of native code. */

export interface OnnxSession {
  /** Names of the input columns: of the inputs when there are several, else numbered. */
  readonly columns: readonly string[]
  /** One output value a row. */
  run(rows: readonly (readonly number[])[]): Promise<(string | number)[]>
}

/** The part of onnxruntime-node that is used here. */
interface Runtime {
  readonly Tensor: new (type: 'float32', data: Float32Array, dims: readonly number[]) => unknown
  readonly InferenceSession: {
    create(content: Uint8Array): Promise<{
      readonly inputNames: readonly string[]
      readonly outputNames: readonly string[]
      readonly inputMetadata?: readonly { readonly shape?: readonly (number | string)[] }[]
      run(feeds: object, fetches: readonly string[]): Promise<Record<string, { readonly data: ArrayLike<unknown> }>>
    }>
  }
}

/** Rejects with how to install the runtime when it is missing. */
export async function openOnnx(content: Uint8Array): Promise<OnnxSession> {
  const runtime = await loadRuntime()
  const session = await runtime.InferenceSession.create(content)
  const { inputNames } = session
  const [output] = session.outputNames
  const width = session.inputMetadata?.[0]?.shape?.at(-1)
  if (inputNames.length === 1 && typeof width !== 'number') {
    throw new Error('The ONNX model does not say how many columns its input has')
  }
  const single = inputNames.length === 1
  const columns = single ? Array.from({ length: Number(width) }, (_, index) => `f${index}`) : inputNames
  return {
    columns,
    run: async (rows) => {
      const tensor = (values: number[], columnCount: number) =>
        new runtime.Tensor('float32', Float32Array.from(values), [rows.length, columnCount])
      const feeds = single
        ? { [inputNames[0]!]: tensor(rows.flat(), columns.length) }
        : Object.fromEntries(
            inputNames.map((name, at) => [
              name,
              tensor(
                rows.map((row) => row[at]!),
                1,
              ),
            ]),
          )
      const found = await session.run(feeds, [output!])
      // Labels are 64-bit integers in models of scikit-learn.
      return Array.from(found[output!]!.data, (value) =>
        typeof value === 'bigint' ? Number(value) : (value as string | number),
      )
    },
  }
}

async function loadRuntime(): Promise<Runtime> {
  // In a variable, so that neither compiler nor bundler insists on the package.
  const name = 'onnxruntime-node'
  try {
    const loaded = (await import(name)) as Runtime & { default?: Runtime }
    return loaded.default ?? loaded
  } catch {
    throw new Error('ONNX models need the package onnxruntime-node beside kfp-ts: npm install onnxruntime-node')
  }
}
