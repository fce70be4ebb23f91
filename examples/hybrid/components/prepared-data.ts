/** What goes from preprocess to train and evaluate: one Dataset artifact, a folder with both parts and what was learned. */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type PreprocessingPlan, parseCsv, printCsv, type Table } from 'kfp-ts/components'

export interface PreparedData {
  /** Features as numbers, the target last. */
  readonly train: Table
  readonly test: Table
  readonly plan: PreprocessingPlan
}

export async function writePrepared(folder: string, { train, test, plan }: PreparedData): Promise<void> {
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'train.csv'), printCsv(train))
  await writeFile(join(folder, 'test.csv'), printCsv(test))
  await writeFile(join(folder, 'preprocessing.json'), `${JSON.stringify(plan, undefined, 1)}\n`)
}

export async function readPrepared(folder: string): Promise<PreparedData> {
  const read = (name: string) => readFile(join(folder, name), 'utf8')
  return {
    train: parseCsv(await read('train.csv')),
    test: parseCsv(await read('test.csv')),
    plan: JSON.parse(await read('preprocessing.json')) as PreprocessingPlan,
  }
}
