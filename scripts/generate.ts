/**
 * Runs every generator of the repository: `node scripts/generate.ts` writes, `--check` compares and exits 1 on a difference.
 * A generator is a module that exports `generate(): Promise<Map<path from the root, content>>`; it writes nothing itself.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, relative, resolve } from 'node:path'
import { generators } from './generators.ts'

const root = resolve(import.meta.dirname, '..')
const check = process.argv.includes('--check')
const stale: string[] = []

for (const [name, load] of Object.entries(generators)) {
  const { generate } = await load()
  for (const [path, content] of await generate()) {
    const file = resolve(root, path)
    const before = await readFile(file, 'utf8').catch(() => undefined)
    if (before === content) continue
    stale.push(`${relative(root, file)} (${name})`)
    if (check) continue
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, content)
  }
}

if (stale.length === 0) process.stdout.write('generated files are up to date\n')
else process.stdout.write(`${check ? 'out of date' : 'written'}:\n${stale.map((line) => `  ${line}\n`).join('')}`)
if (check && stale.length > 0) {
  process.stderr.write('run "make generate" and commit the result\n')
  process.exitCode = 1
}
