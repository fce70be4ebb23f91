/** `kfp-ts validate`: checks compiled pipelines and prints every problem with its place. Exit 2 if there is an error. */
import { formatIssue, type Issue } from '../../api/issue.ts'
import type { PipelineDocument } from '../../api/platform-spec.ts'
import { countOf } from '../../local/progress/terminal.ts'
import { EXIT } from '../errors.ts'
import { isSourceFile, parseFile } from '../pipeline-file.ts'
import type { Command } from './index.ts'

interface ValidateArgs {
  readonly files: readonly string[]
  readonly json: boolean
}

export const command: Command<ValidateArgs> = {
  command: 'validate <files..>',
  describe: 'Check compiled pipelines (YAML, JSON, zip or tar.gz) and print every problem with its place',
  builder: (yargs) =>
    yargs
      // The general setting "the last one counts" would leave one of many files.
      .parserConfiguration({ 'duplicate-arguments-array': true, 'boolean-negation': false, 'dot-notation': false })
      .positional('files', { type: 'string', array: true, demandOption: true, describe: 'Compiled pipelines' })
      .option('json', { type: 'boolean', default: false, describe: 'Print one JSON list on stdout' })
      .example('$0 validate pipeline.yaml', '')
      .example('$0 validate --json *.yaml', ''),
  handler: async ({ files, json }) => {
    const results = []
    for (const file of files) {
      results.push({
        file,
        ...(isSourceFile(file) ? { document: undefined, issues: [notCompiled(file)] } : await parseFile(file)),
      })
    }
    if (json) {
      const list = results.map(({ file, document, issues }) => ({ file, valid: document !== undefined, issues }))
      process.stdout.write(`${JSON.stringify(list, null, 2)}\n`)
    } else {
      for (const { file, document, issues } of results) printResult(file, document, issues)
    }
    if (results.some(({ document }) => document === undefined)) process.exitCode = EXIT.invalidInput
  },
}

function notCompiled(file: string): Issue {
  const message = 'the file is source code, not a compiled pipeline'
  const hint = `"kfp-ts compile ${file}" checks and compiles it`
  return { code: 'not-a-pipeline', severity: 'error', path: '', message, hint, location: { file } }
}

function printResult(file: string, document: PipelineDocument | undefined, issues: readonly Issue[]): void {
  for (const issue of issues) process.stderr.write(`${formatIssue(issue)}\n`)
  const errors = issues.filter(({ severity }) => severity === 'error').length
  if (document) process.stdout.write(`${file}: ok, ${describe(document)}\n`)
  else process.stderr.write(`${file}: ${countOf(errors, 'error')}\n`)
}

function describe({ spec }: PipelineDocument): string {
  const tasks = Object.keys(spec.root.dag?.tasks ?? {}).length
  const components = Object.keys(spec.components ?? {}).length
  return `pipeline "${spec.pipelineInfo.name}" (${countOf(tasks, 'task')}, ${countOf(components, 'component')})`
}
