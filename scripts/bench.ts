/** `make bench`: runs the measurements of test/bench one after the other and prints their tables. `node scripts/bench.ts NAME…` runs some. */
import { spawnSync } from 'node:child_process'
import { resolve } from 'node:path'

/** Files of test/bench that print a table when they are run. */
const MEASUREMENTS = ['accuracy', 'local-run']
const folder = resolve(import.meta.dirname, '../test/bench')
const wanted = process.argv.length > 2 ? process.argv.slice(2) : MEASUREMENTS

for (const name of wanted) {
  const options = ['--conditions=kfp-ts-source', '--expose-gc', `${folder}/${name}.ts`]
  const { status } = spawnSync(process.execPath, options, { stdio: 'inherit' })
  if (status !== 0) process.exitCode = 1
  console.log()
}
