/** `make bench`: runs the measurements one after the other and prints their tables. `node scripts/bench.ts NAME…` runs some. */
import { spawnSync } from 'node:child_process'
import { resolve } from 'node:path'

/** Files that print a table when they are run, by name. */
const MEASUREMENTS: Readonly<Record<string, string>> = {
  accuracy: 'test/bench/accuracy.ts',
  forest: 'test/bench/forest.ts',
  engine: 'engine/bench.ts',
  'local-run': 'test/bench/local-run.ts',
}
const root = resolve(import.meta.dirname, '..')
const wanted = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(MEASUREMENTS)

for (const name of wanted) {
  const file = MEASUREMENTS[name]
  if (!file) throw new Error(`there is no measurement "${name}"; there are: ${Object.keys(MEASUREMENTS).join(', ')}`)
  const options = ['--conditions=kfp-ts-source', '--expose-gc', resolve(root, file)]
  const { status } = spawnSync(process.execPath, options, { stdio: 'inherit' })
  if (status !== 0) process.exitCode = 1
  console.log()
}
