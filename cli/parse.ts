/** yargs set up for one command: strict options, help with examples, mistakes as issues. Loaded only when a command runs. */
import makeYargs, { type Argv } from 'yargs'
import { closest } from '../api/closest.ts'
import { InvalidInputError } from '../api/issue.ts'
import { type Command, commands } from './commands/index.ts'
import { usageIssue } from './errors.ts'

/** Parses `argv` for `command` and runs its handler. */
export async function parseCommandLine(command: Command, argv: readonly string[]): Promise<void> {
  const parser = baseParser([...argv]).command({
    ...command,
    // yargs shows the description of a command only in the list of commands; here it heads the command's own help.
    builder: (yargs: Argv) => command.builder(yargs.usage(`kfp-ts ${command.command}\n\n${command.describe}`)),
    handler: (args) => {
      refuseRepetition(args, parser)
      return command.handler(args)
    },
  })
  await parser.parseAsync()
}

/** Prints what could follow the words typed so far. */
export async function completeCommandLine(argv: readonly string[], command: Command | undefined): Promise<void> {
  const parser = baseParser([]).completion('completion', false)
  if (command) parser.command({ ...command })
  else for (const { name, summary } of commands) parser.command(name, summary)
  // The words of the line begin with the script and the command. First, since yargs ends the process.
  const more = (await command?.complete?.(argv.slice(3))) ?? []
  if (more.length > 0) process.stdout.write(`${more.join('\n')}\n`)
  await parser.parseAsync([...argv])
}

function baseParser(argv: string[]): Argv {
  const parser: Argv = makeYargs(argv)
    .scriptName('kfp-ts')
    .locale('en')
    .parserConfiguration({
      'boolean-negation': false,
      'dot-notation': false,
      'greedy-arrays': false,
      'parse-positional-numbers': false,
      'strip-aliased': true,
    })
    .version(false)
    .help('help')
    .alias('help', 'h')
    .strict()
    .exitProcess(true)
    .wrap(Math.min(120, process.stdout.columns ?? 120))
    .showHelpOnFail(false)
  return parser.fail((message, error) => {
    throw error ?? new InvalidInputError([usageIssue('wrong-usage', lowerFirst(message), remedy(message, parser))])
  })
}

/** yargs makes a list of an option that is given twice; only those that are lists may be. */
function refuseRepetition(args: Readonly<Record<string, unknown>>, parser: Argv): void {
  // yargs also puts each dashed option under its camel-case name.
  const lists = new Set(optionsOf(parser).array.flatMap((name) => [name, camelCase(name)]))
  const repeated = Object.keys(args).filter((name) => name !== '_' && Array.isArray(args[name]) && !lists.has(name))
  const issues = repeated.map((name) =>
    usageIssue('repeated-option', `--${name} is given more than once`, 'give it once'),
  )
  if (issues.length > 0) throw new InvalidInputError(issues)
}

function camelCase(name: string): string {
  return name.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase())
}

/** yargs' message names the unknown options; the known ones are searched for what was meant. */
function remedy(message: string, parser: Argv): string {
  const unknown = /^Unknown arguments?: (.*)$/.exec(message)?.[1]?.split(', ') ?? []
  const known = Object.keys(optionsOf(parser).key).filter((name) => name.length > 1)
  const meant = unknown.map((name) => closest(name, known)).filter((name) => name !== undefined)
  return meant.length > 0
    ? `did you mean ${[...new Set(meant)].map((name) => `--${name}`).join(' or ')}?`
    : 'add --help to see how it is called'
}

/** Not in yargs' types, but public: completion of yargs itself uses it. */
function optionsOf(parser: Argv): { readonly key: Record<string, unknown>; readonly array: readonly string[] } {
  return (parser as unknown as { getOptions(): { key: Record<string, unknown>; array: string[] } }).getOptions()
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1)
}
