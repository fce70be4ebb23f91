/** Top-level `--help` and `--version`, printed without loading yargs or any command. */
import { readFileSync } from 'node:fs'
import { commands, GROUP_TITLES } from './commands/index.ts'

const EXAMPLES: readonly (readonly [call: string, meaning: string])[] = [
  ['kfp-ts run pipeline.ts --param epochs=3', 'run a pipeline on this machine'],
  ['kfp-ts compile pipeline.ts -o pipeline.yaml', 'compile it to KFP v2 IR'],
  ['kfp-ts run pipeline.yaml --json | jq .state', 'run compiled IR, for scripts'],
]

/** The text of `kfp-ts --help`. */
export function topLevelHelp(): string {
  const nameWidth = Math.max(...commands.map(({ name }) => name.length)) + 2
  const groups = Object.entries(GROUP_TITLES).flatMap(([group, title]) => {
    const members = commands.filter((entry) => entry.group === group)
    if (members.length === 0) return []
    return [`${title}:`, ...members.map(({ name, summary }) => `  ${name.padEnd(nameWidth)}${summary}`), '']
  })
  const callWidth = Math.max(...EXAMPLES.map(([call]) => call.length)) + 2
  return [
    'Usage: kfp-ts <command> [options]',
    '',
    'Pipelines in TypeScript, run here or on a Kubernetes cluster.',
    '',
    ...groups,
    'Options:',
    '  --help     help; "kfp-ts <command> --help" for a command',
    '  --version  version of kfp-ts',
    '',
    'Examples:',
    ...EXAMPLES.map(([call, meaning]) => `  ${call.padEnd(callWidth)}${meaning}`),
    '',
    'Exit status: 0 succeeded, 1 the run failed, 2 the input was wrong, 130 interrupted.',
    '',
  ].join('\n')
}

/** Version of the package this file belongs to, in a checkout and in an installed package (`dist/cli/help.js`). */
export function packageVersion(): string {
  for (const place of ['../package.json', '../../package.json']) {
    try {
      const { name, version } = JSON.parse(readFileSync(new URL(place, import.meta.url), 'utf8'))
      if (name === 'kfp-ts') return version
    } catch {}
  }
  return 'unknown'
}
