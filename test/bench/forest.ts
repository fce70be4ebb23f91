/** Size and speed of a large forest's model file beside the library's own JSON: 500 trees on 10,000 rows. `node test/bench/forest.ts [trees]`. */
import { RandomForestClassifier } from 'ml-random-forest'
import { flattenForest } from '../../components/forest/flatten.ts'
import type { LibraryForest } from '../../components/forest/library-forest.ts'
import { trainLibraryForest } from '../../components/forest/train-forest.ts'
import { parseModel, predictTable, printModel } from '../../components/index.ts'
import { seededRandom } from '../../components/random/seeded.ts'

const ROWS = 10_000
const COLUMNS = 10

function timed<T>(work: () => T): { value: T; millis: number } {
  const started = performance.now()
  const value = work()
  return { value, millis: performance.now() - started }
}

function main(trees: number): string {
  const random = seededRandom(1)
  const features = Array.from({ length: ROWS }, () => Float64Array.from({ length: COLUMNS }, random))
  const labels = features.map((row) => Number(row[0]! + row[1]! * row[2]! + random() * 0.6 > 1))
  const names = Array.from({ length: COLUMNS }, (_, i) => `x${i}`)
  const trained = timed(() => trainLibraryForest(features, labels, { trees, seed: 1 }))
  const forest = flattenForest(trained.value as unknown as LibraryForest, 2, COLUMNS)
  const text = printModel({ target: 'y', classes: ['a', 'b'], features: names, trainedWith: {}, forest })
  const table = { columns: names, rows: features.slice(0, 1000).map((row) => Array.from(row, String)) }
  parseModel(text)
  const ours = timed(() => parseModel(text))
  const asked = timed(() => predictTable(ours.value, table))
  const json = JSON.stringify(trained.value)
  const theirs = timed(() => RandomForestClassifier.load(JSON.parse(json)))
  return [
    `${trees} trees, ${forest.feature.length} nodes, ${ROWS} rows of ${COLUMNS} columns: trained in ${(trained.millis / 1000).toFixed(1)} s`,
    `model file    ${(text.length / 1e6).toFixed(1).padStart(7)} MB   loaded in ${ours.millis.toFixed(0).padStart(6)} ms   1000 rows predicted in ${asked.millis.toFixed(0)} ms`,
    `library's JSON${(json.length / 1e6).toFixed(1).padStart(7)} MB   loaded in ${theirs.millis.toFixed(0).padStart(6)} ms`,
  ].join('\n')
}

if (import.meta.main) console.log(main(Number(process.argv[2] ?? 500)))
