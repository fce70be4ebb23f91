/** The ROC curve of a binary classification and the area under it. Pure. */

export interface RocPoint {
  /** Rows with a score of at least this are called positive. The first point's is infinite: nothing is. */
  readonly threshold: number
  readonly falsePositiveRate: number
  /** True positive rate, also called recall. */
  readonly recall: number
}
export interface RocCurve {
  /** From (0, 0) to (1, 1), one point per distinct score. */
  readonly points: readonly RocPoint[]
  /** Area under the curve; 0.5 is guessing. */
  readonly auc: number
}

/**
 * Sweeps the threshold from the highest score down.
 *
 * @param positive whether each row is of the positive class
 * @param scores probability of the positive class by row
 * @returns undefined when only one of the classes occurs, for which no curve is defined.
 */
export function rocCurve(positive: readonly boolean[], scores: ArrayLike<number>): RocCurve | undefined {
  const positives = positive.filter(Boolean).length
  const negatives = positive.length - positives
  if (positives === 0 || negatives === 0) return undefined
  const order = positive.map((_, row) => row).sort((a, b) => scores[b]! - scores[a]!)
  const points: RocPoint[] = [{ threshold: Number.POSITIVE_INFINITY, falsePositiveRate: 0, recall: 0 }]
  let [truePositives, falsePositives, auc] = [0, 0, 0]
  order.forEach((row, place) => {
    if (positive[row]) truePositives++
    else falsePositives++
    const next = order[place + 1]
    if (next !== undefined && scores[next] === scores[row]) return
    const last = points.at(-1)!
    const point = {
      threshold: scores[row]!,
      falsePositiveRate: falsePositives / negatives,
      recall: truePositives / positives,
    }
    auc += ((point.falsePositiveRate - last.falsePositiveRate) * (point.recall + last.recall)) / 2
    points.push(point)
  })
  return { points, auc }
}

/** At most `limit` points, the ends kept: what a report shows of a long curve. */
export function thinOut(points: readonly RocPoint[], limit: number): RocPoint[] {
  if (points.length <= limit) return [...points]
  return Array.from({ length: limit }, (_, i) => points[Math.round((i * (points.length - 1)) / (limit - 1))]!)
}
