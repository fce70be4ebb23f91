/** Entry of the command line: finds the command's one file, lets yargs parse for it, turns errors into an exit status. */

import { closest } from '../api/closest.ts'
import { InvalidInputError } from '../api/issue.ts'
import { type CommandEntry, commands } from './commands/index.ts'
import { reportError, usageIssue } from './errors.ts'
import { packageVersion, topLevelHelp } from './help.ts'
import { watchStreams } from './streams.ts'

const COMPLETION_FLAG = '--get-yargs-completions'

/** Runs one command line (without node and script). Leaves the exit status in `process.exitCode`. */
export async function main(argv: readonly string[]): Promise<void> {
  watchStreams()
  try {
    await dispatch(argv)
  } catch (error) {
    process.exitCode = reportError(error)
  }
}

async function dispatch(argv: readonly string[]): Promise<void> {
  const [word] = argv
  if (word === COMPLETION_FLAG) return complete(argv)
  if (word === undefined || word === '--help' || word === '-h' || word === 'help') {
    if (argv[1] && word === 'help') return runCommand(entryOf(argv[1]), [argv[1], '--help'])
    process.stdout.write(topLevelHelp())
    if (word === undefined) process.exitCode = 2
    return
  }
  if (word === '--version' || word === '-v') {
    process.stdout.write(`${packageVersion()}\n`)
    return
  }
  return runCommand(entryOf(word), argv)
}

function entryOf(word: string): CommandEntry {
  const entry = commands.find(({ name }) => name === word)
  if (entry) return entry
  const meant = closest(
    word,
    commands.map(({ name }) => name),
  )
  const hint = meant ? `did you mean "kfp-ts ${meant}"?` : '"kfp-ts --help" lists the commands'
  throw new InvalidInputError([
    word.startsWith('-')
      ? usageIssue(
          'missing-command',
          `the first word must be a command, not the option ${word}`,
          '"kfp-ts --help" lists the commands',
        )
      : usageIssue('unknown-command', `there is no command "${word}"`, hint),
  ])
}

async function runCommand(entry: CommandEntry, argv: readonly string[]): Promise<void> {
  const { command } = await entry.load()
  const { parseCommandLine } = await import('./parse.ts')
  await parseCommandLine(command, argv)
}

/** The shell asks: words of the line so far, the last one unfinished. Only the command that is typed is loaded. */
async function complete(argv: readonly string[]): Promise<void> {
  const { completeCommandLine } = await import('./parse.ts')
  const words = argv.slice(2)
  const entry = words.length > 1 ? commands.find(({ name }) => name === words[0]) : undefined
  await completeCommandLine(argv, entry && (await entry.load()).command)
}
