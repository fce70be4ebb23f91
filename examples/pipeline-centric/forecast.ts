/** Tomorrow's warmth from today's weather by least squares: what the three steps compute. Plain functions, no pipeline. */

export interface Day {
  readonly date: string
  readonly rain: number
  readonly warmest: number
  readonly coldest: number
  readonly wind: number
}

/** One day to be forecast: what was known the evening before, and how warm it became. */
export interface Example {
  readonly date: string
  readonly known: readonly number[]
  readonly warmest: number
}

export interface Forecast {
  readonly weights: readonly number[]
}

export function parseDays(csv: string): Day[] {
  const [head = '', ...lines] = csv.trim().split('\n')
  const names = head.split(',')
  const place = (name: string) => names.indexOf(name)
  return lines.map((line) => {
    const cells = line.split(',')
    const number = (name: string) => Number(cells[place(name)])
    return {
      date: cells[place('date')]!,
      rain: number('precipitation'),
      warmest: number('temp_max'),
      coldest: number('temp_min'),
      wind: number('wind'),
    }
  })
}

/** Each day with the weather of the day before and the season. */
export function examplesOf(days: readonly Day[]): Example[] {
  return days.slice(1).map((day, index) => {
    const before = days[index]!
    const season = (2 * Math.PI * (Date.parse(day.date) / 86_400_000)) / 365.25
    const known = [1, before.warmest, before.coldest, before.rain, before.wind, Math.sin(season), Math.cos(season)]
    return { date: day.date, known, warmest: day.warmest }
  })
}

/** Least squares with a little ridge, by the normal equations. */
export function learn(examples: readonly Example[]): Forecast {
  const width = examples[0]?.known.length ?? 0
  const rows = Array.from({ length: width }, (_, i) => [
    ...Array.from(
      { length: width },
      (_, j) => sum(examples, ({ known }) => known[i]! * known[j]!) + (i === j ? 1e-6 : 0),
    ),
    sum(examples, ({ known, warmest }) => known[i]! * warmest),
  ])
  return { weights: solve(rows) }
}

export function predict({ weights }: Forecast, { known }: Pick<Example, 'known'>): number {
  return known.reduce((total, value, index) => total + value * weights[index]!, 0)
}

const sum = (examples: readonly Example[], value: (example: Example) => number) =>
  examples.reduce((total, example) => total + value(example), 0)

/** Gauss-Jordan with the largest pivot; the last column is the right side. */
function solve(rows: number[][]): number[] {
  const size = rows.length
  for (let column = 0; column < size; column += 1) {
    let pivot = column
    for (let row = column; row < size; row += 1)
      if (Math.abs(rows[row]![column]!) > Math.abs(rows[pivot]![column]!)) pivot = row
    ;[rows[column], rows[pivot]] = [rows[pivot]!, rows[column]!]
    for (let row = 0; row < size; row += 1) {
      if (row === column) continue
      const factor = rows[row]![column]! / rows[column]![column]!
      rows[row] = rows[row]!.map((value, index) => value - factor * rows[column]![index]!)
    }
  }
  return rows.map((row, index) => row[size]! / row[index]!)
}
