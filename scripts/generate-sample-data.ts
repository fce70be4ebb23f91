/** Generator: packs the data set of the hybrid example into a module, so that it travels inside the preprocess step. */
import { readFile } from 'node:fs/promises'
import { gzipSync } from 'node:zlib'

const SOURCE = 'examples/data/adult-income.csv'

export async function generate(): Promise<Map<string, string>> {
  const packed = gzipSync(await readFile(new URL(`../${SOURCE}`, import.meta.url)), { level: 9 })
  // The byte that names the operating system would differ between machines; 255 says unknown.
  packed[9] = 255
  const module = `/** ${SOURCE} as gzip in base64. Written by scripts/generate-sample-data.ts. */\nexport const ADULT_INCOME =\n  '${packed.toString('base64')}'\n`
  return new Map([['examples/hybrid/components/sample.gen.ts', module]])
}
