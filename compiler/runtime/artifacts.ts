/** The artifact objects that a component's `run` works with. Travels inside every TypeScript component. */
import { writeFileSync } from 'node:fs'
import { localPath } from './paths.ts'

type Json = unknown
export interface WireArtifact {
  readonly name?: string
  readonly type?: { readonly schemaTitle?: string }
  readonly uri?: string
  readonly metadata?: Readonly<Record<string, Json>>
  readonly customPath?: string
}

/** An input, or the base of an output. */
export class Artifact {
  readonly name: string
  readonly schemaTitle: string
  uri: string
  metadata: Record<string, Json>
  readonly #customPath: string | undefined

  constructor(wire: WireArtifact) {
    this.name = wire.name ?? ''
    this.schemaTitle = wire.type?.schemaTitle ?? 'system.Artifact'
    this.uri = wire.uri ?? ''
    this.metadata = { ...wire.metadata }
    this.#customPath = wire.customPath
  }

  get path(): string {
    return this.#customPath ?? localPath(this.uri, this.metadata)
  }
}

class Metrics extends Artifact {
  logMetric(name: string, value: number): void {
    this.metadata[name] = value
  }
}

interface Rows {
  readonly annotationSpecs: readonly { readonly displayName: string }[]
  readonly rows: readonly { readonly row: readonly number[] }[]
}

function confusionMatrix(categories: readonly string[], matrix: readonly (readonly number[])[]): Rows {
  if (matrix.length !== categories.length || matrix.some((row) => row.length !== categories.length)) {
    throw new Error(`a confusion matrix of ${categories.length} categories has as many rows and columns`)
  }
  return {
    annotationSpecs: categories.map((displayName) => ({ displayName })),
    rows: matrix.map((row) => ({ row: [...row] })),
  }
}

/** The list of a ROC curve's points, made at the first one. */
function pointsOf(metadata: Record<string, Json>): object[] {
  metadata['confidenceMetrics'] ??= []
  return metadata['confidenceMetrics'] as object[]
}

class ClassificationMetrics extends Artifact {
  logRocPoint(falsePositiveRate: number, recall: number, confidenceThreshold: number): void {
    pointsOf(this.metadata).push({ confidenceThreshold: finite(confidenceThreshold), falsePositiveRate, recall })
  }

  logRocCurve(falsePositiveRates: readonly number[], recalls: readonly number[], thresholds: readonly number[]): void {
    if (falsePositiveRates.length !== recalls.length || recalls.length !== thresholds.length) {
      throw new Error('the three lists of a ROC curve have one length')
    }
    falsePositiveRates.forEach((rate, index) => {
      this.logRocPoint(rate, recalls[index]!, thresholds[index]!)
    })
  }

  logConfusionMatrix(categories: readonly string[], matrix: readonly (readonly number[])[]): void {
    this.metadata['confusionMatrix'] = confusionMatrix(categories, matrix)
  }
}

/** JSON has no word for infinity, which scikit-learn uses for the first threshold. */
function finite(threshold: number): number {
  return Number.isFinite(threshold) ? threshold : Math.sign(threshold) * Number.MAX_VALUE
}

class SlicedClassificationMetrics extends Artifact {
  #slice(slice: string): Record<string, Json> {
    this.metadata['evaluationSlices'] ??= []
    const slices = this.metadata['evaluationSlices'] as {
      slice: string
      sliceClassificationMetrics: Record<string, Json>
    }[]
    let entry = slices.find((candidate) => candidate.slice === slice)
    if (!entry) {
      entry = { slice, sliceClassificationMetrics: {} }
      slices.push(entry)
    }
    return entry.sliceClassificationMetrics
  }

  logRocPoint(slice: string, confidenceThreshold: number, recall: number, falsePositiveRate: number): void {
    pointsOf(this.#slice(slice)).push({ confidenceThreshold: finite(confidenceThreshold), falsePositiveRate, recall })
  }

  logConfusionMatrix(slice: string, categories: readonly string[], matrix: readonly (readonly number[])[]): void {
    this.#slice(slice)['confusionMatrix'] = confusionMatrix(categories, matrix)
  }
}

class Page extends Artifact {
  write(text: string): void {
    writeFileSync(this.path, text)
  }
}

class Model extends Artifact {
  get framework(): string {
    return String(this.metadata['framework'] ?? '')
  }
  set framework(name: string) {
    this.metadata['framework'] = name
  }
}

const CLASSES: Readonly<Record<string, typeof Artifact>> = {
  'system.Metrics': Metrics,
  'system.ClassificationMetrics': ClassificationMetrics,
  'system.SlicedClassificationMetrics': SlicedClassificationMetrics,
  'system.HTML': Page,
  'system.Markdown': Page,
  'system.Model': Model,
}

/** The object for an output, with the helpers of its type. */
export function outputArtifact(wire: WireArtifact): Artifact {
  return new (CLASSES[wire.type?.schemaTitle ?? ''] ?? Artifact)(wire)
}
