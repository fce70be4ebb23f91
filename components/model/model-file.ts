/**
 * The model as one file: JSON that any language reads, with the forest's arrays as base64 of little-endian numbers, which
 * load at the speed of memory (README.md of this folder has the format and a reader in Python). The same model gives the
 * same bytes.
 */
import type { ForestTable } from '../forest/forest-table.ts'
import { DataError } from '../table/table.ts'
import type { ClassifierModel } from './model.ts'
import { modelSignature } from './signature.ts'

const FORMAT = 'kfp-ts.model'
const VERSION = 1

/** Element types of the arrays, as numpy writes them for little-endian numbers. */
const ARRAYS = {
  roots: { type: '<u4', size: 4 },
  feature: { type: '<u2', size: 2 },
  threshold: { type: '<f8', size: 8 },
  next: { type: '<u4', size: 4 },
  distributions: { type: '<f8', size: 8 },
} as const
type ArrayName = keyof typeof ARRAYS
interface StoredArray {
  readonly type: string
  readonly base64: string
}

/** Text of the model file. */
export function printModel(model: ClassifierModel): string {
  const { forest } = model
  const arrays = Object.fromEntries(
    Object.entries(ARRAYS).map(([name, { type }]) => [name, { type, base64: encode(forest[name as ArrayName]) }]),
  )
  const document = {
    format: FORMAT,
    version: VERSION,
    kind: 'random-forest-classifier',
    target: model.target,
    classes: model.classes,
    features: model.features,
    signature: modelSignature(model.target, model.features, model.preprocessing),
    ...(model.preprocessing ? { preprocessing: model.preprocessing } : {}),
    trainedWith: model.trainedWith,
    forest: { trees: forest.roots.length, nodes: forest.feature.length, ...arrays },
  }
  return `${JSON.stringify(document, undefined, 1)}\n`
}

/**
 * Reads a model file.
 *
 * @throws DataError when the text is no such file, is of a newer version, or its forest is damaged.
 */
export function parseModel(text: string): ClassifierModel {
  const document = parseDocument(text)
  const { target, classes, features, preprocessing, trainedWith } = document
  const stored = document.forest as unknown as Record<ArrayName, StoredArray | undefined>
  const bytes = (name: ArrayName) => decode(name, stored[name])
  const forest: ForestTable = {
    classCount: classes.length,
    featureCount: features.length,
    roots: new Uint32Array(bytes('roots')),
    feature: new Uint16Array(bytes('feature')),
    threshold: new Float64Array(bytes('threshold')),
    next: new Uint32Array(bytes('next')),
    distributions: new Float64Array(bytes('distributions')),
  }
  checkForest(forest)
  return { target, classes, features, ...(preprocessing ? { preprocessing } : {}), trainedWith, forest }
}

function parseDocument(text: string): ClassifierModel & { format: string; version: number } {
  let document: (ClassifierModel & { format: string; version: number }) | null
  try {
    document = JSON.parse(text)
  } catch (cause) {
    throw new DataError(`this is no model file: ${cause instanceof Error ? cause.message : String(cause)}`)
  }
  if (document?.format !== FORMAT) throw new DataError(`this is no model file: its format is not "${FORMAT}"`)
  if (document.version !== VERSION) {
    throw new DataError(`the model file is of version ${document.version}; this kfp-ts reads version ${VERSION}`)
  }
  if (!Array.isArray(document.classes) || !Array.isArray(document.features) || !document.forest) {
    throw new DataError('the model file is damaged: classes, features or forest are missing')
  }
  return document
}

function encode(array: Uint16Array | Uint32Array | Float64Array): string {
  const bytes = Buffer.from(array.buffer, array.byteOffset, array.byteLength)
  return swapped(bytes, array.BYTES_PER_ELEMENT).toString('base64')
}

function decode(name: ArrayName, stored: StoredArray | undefined): ArrayBuffer {
  const { type, size } = ARRAYS[name]
  if (stored?.type !== type || typeof stored.base64 !== 'string') {
    throw new DataError(`the model file is damaged: forest.${name} is not an array of ${type}`)
  }
  const bytes = Buffer.from(stored.base64, 'base64')
  if (bytes.byteLength % size !== 0) {
    throw new DataError(`the model file is damaged: forest.${name} is cut short`)
  }
  // A copy, because a Buffer may begin at an odd place of a shared pool.
  return new Uint8Array(swapped(bytes, size)).buffer
}

/** Of the machines that Node runs on, only s390x is not. */
const LITTLE_ENDIAN = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1

function swapped(bytes: Buffer, size: number): Buffer {
  if (LITTLE_ENDIAN) return bytes
  const copy = Buffer.from(bytes)
  return size === 2 ? copy.swap16() : size === 4 ? copy.swap32() : copy.swap64()
}

/** A damaged forest must not send a prediction around in circles or out of the arrays. */
function checkForest(forest: ForestTable): void {
  const nodes = forest.feature.length
  const counts = forest.distributions.length / forest.classCount
  if (forest.threshold.length !== nodes || forest.next.length !== nodes || !Number.isInteger(counts)) {
    throw new DataError('the model file is damaged: the arrays of the forest differ in length')
  }
  for (let node = 0; node < nodes; node++) {
    const column = forest.feature[node]!
    const next = forest.next[node]!
    const fine = column === 0xffff ? next < counts : column < forest.featureCount && next > node + 1 && next < nodes
    if (!fine) throw new DataError(`the model file is damaged: node ${node} of the forest leads nowhere`)
  }
  if (forest.roots.length === 0 || forest.roots.some((root) => root >= nodes)) {
    throw new DataError('the model file is damaged: it has no tree, or one without nodes')
  }
}
