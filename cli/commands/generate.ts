/** `kfp-ts generate`: types for YAML components, so that `import train from './train.yaml'` is checked by tsc. */
import { readFile, writeFile } from 'node:fs/promises'
import { relative } from 'node:path'
import { type Neighbour, yamlNeighbours } from '../../compiler/generate/yaml-neighbours.ts'
import { EXIT } from '../errors.ts'
import type { Command } from './index.ts'

interface GenerateArgs {
  readonly paths: readonly string[]
  readonly check: boolean
}

export const command: Command<GenerateArgs> = {
  command: 'generate [paths..]',
  describe:
    'Write TypeScript types beside YAML components and pipelines (train.yaml: train.d.yaml.ts). Needs "allowArbitraryExtensions": true in tsconfig.json.',
  builder: (yargs) =>
    yargs
      .parserConfiguration({ 'duplicate-arguments-array': true, 'boolean-negation': false, 'dot-notation': false })
      .positional('paths', { type: 'string', array: true, default: ['.'], describe: 'Files, or folders to search' })
      .option('check', {
        type: 'boolean',
        default: false,
        describe: 'Write nothing; exit 1 when something is out of date',
      })
      .example('$0 generate', '')
      .example('$0 generate components/train.yaml --check', ''),
  handler: async ({ paths, check }) => {
    const neighbours = await yamlNeighbours(paths.length > 0 ? paths : ['.'])
    const stale: Neighbour[] = []
    for (const neighbour of neighbours) {
      const before = await readFile(neighbour.target, 'utf8').catch(() => undefined)
      if (before !== neighbour.content) stale.push(neighbour)
    }
    if (!check) for (const { target, content } of stale) await writeFile(target, content)
    for (const { target } of stale) {
      process.stdout.write(`${check ? 'out of date' : 'written'}: ${relative(process.cwd(), target)}\n`)
    }
    const rest = neighbours.length - stale.length
    if (rest > 0 || neighbours.length === 0) process.stdout.write(`${rest} up to date\n`)
    if (check && stale.length > 0) {
      process.stderr.write('run "kfp-ts generate" and commit the result\n')
      process.exitCode = EXIT.failed
    }
  },
}
