/** Quality of a classification from true and predicted classes: counts, rates and averages. Pure. */

export interface ClassQuality {
  /** Right predictions of this class among all predictions of it; 0 when it was never predicted. */
  readonly precision: number
  /** Found ones among all that are of this class; 0 when there is none. */
  readonly recall: number
  readonly f1: number
  /** Rows that are of this class. */
  readonly support: number
}
export interface ClassificationQuality {
  readonly accuracy: number
  readonly byClass: Readonly<Record<string, ClassQuality>>
  /** Plain mean over the classes. */
  readonly macro: { readonly precision: number; readonly recall: number; readonly f1: number }
  /** `confusion[i][j]` rows of class i that were predicted as class j, in the order of `classes`. */
  readonly confusion: readonly (readonly number[])[]
  readonly classes: readonly string[]
}

/**
 * Compares predictions with the truth; both are indexes into `classes`, of the same length.
 *
 * @throws RangeError when the lengths differ or there is nothing to compare.
 */
export function classificationQuality(
  actual: ArrayLike<number>,
  predicted: ArrayLike<number>,
  classes: readonly string[],
): ClassificationQuality {
  if (actual.length !== predicted.length || actual.length === 0) {
    throw new RangeError(`${actual.length} true and ${predicted.length} predicted classes cannot be compared`)
  }
  const confusion = classes.map(() => classes.map(() => 0))
  for (let row = 0; row < actual.length; row++) confusion[actual[row]!]![predicted[row]!]!++
  const qualities = classes.map((_, index) => classQuality(confusion, index))
  const average = (pick: (quality: ClassQuality) => number) => sum(qualities.map(pick)) / classes.length
  return {
    accuracy: sum(classes.map((_, i) => confusion[i]![i]!)) / actual.length,
    byClass: Object.fromEntries(classes.map((name, i) => [name, qualities[i]!])),
    macro: { precision: average((q) => q.precision), recall: average((q) => q.recall), f1: average((q) => q.f1) },
    confusion,
    classes,
  }
}

function classQuality(confusion: readonly (readonly number[])[], index: number): ClassQuality {
  const hits = confusion[index]![index]!
  const support = sum(confusion[index]!)
  const claimed = sum(confusion.map((row) => row[index]!))
  const precision = claimed === 0 ? 0 : hits / claimed
  const recall = support === 0 ? 0 : hits / support
  return {
    precision,
    recall,
    f1: precision + recall === 0 ? 0 : (2 * precision * recall) / (precision + recall),
    support,
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}

/** The confusion matrix as aligned text with row and column names, for terminals and logs. */
export function printConfusion(quality: Pick<ClassificationQuality, 'classes' | 'confusion'>): string {
  const { classes, confusion } = quality
  const head = 'actual \\ predicted'
  const first = Math.max(head.length, ...classes.map((name) => name.length))
  const widths = classes.map((name, j) => Math.max(name.length, ...confusion.map((row) => String(row[j]).length)))
  const line = (name: string, cells: readonly string[]) =>
    [name.padEnd(first), ...cells.map((cell, j) => cell.padStart(widths[j]!))].join('  ')
  return [line(head, classes), ...classes.map((name, i) => line(name, confusion[i]!.map(String)))].join('\n')
}
