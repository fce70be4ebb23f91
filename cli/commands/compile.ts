/** `kfp-ts compile`: a TypeScript file to pipeline YAML. Exit 2 with every mistake of the author when there is one. */
import { writeFile } from 'node:fs/promises'
import { formatIssue, InvalidInputError } from '../../api/issue.ts'
import { compile, loadPipelines, printPipelineYaml, selectPipeline } from '../../compiler/index.ts'
import { usageIssue } from '../errors.ts'
import type { Command } from './index.ts'

interface CompileArgs {
  readonly file: string
  readonly out: string | undefined
  readonly pipeline: string | undefined
  readonly target: 'kfp-ts' | 'kfp'
}

export const command: Command<CompileArgs> = {
  command: 'compile <file>',
  describe: 'Compile a pipeline to KFP v2 IR (YAML)',
  builder: (yargs) =>
    yargs
      .positional('file', { type: 'string', demandOption: true, describe: 'TypeScript file that exports a pipeline' })
      .option('out', { alias: 'o', type: 'string', describe: 'File to write; default: stdout' })
      .option('pipeline', { type: 'string', describe: 'Name of the pipeline, when the file exports several' })
      .option('target', {
        choices: ['kfp-ts', 'kfp'] as const,
        default: 'kfp-ts' as const,
        describe: 'kfp refuses what a stock Kubeflow Pipelines cannot run',
      })
      .example('$0 compile pipeline.ts -o pipeline.yaml', '')
      .example('$0 compile pipelines.ts --pipeline training --target kfp', ''),
  handler: async ({ file, out, pipeline, target }) => {
    const { document, issues } = await compile(selectPipeline(await loadPipelines(file), pipeline), { target })
    if (!document) throw new InvalidInputError(issues)
    for (const issue of issues) process.stderr.write(`${formatIssue(issue)}\n`)
    await write(printPipelineYaml(document), out)
  },
}

async function write(text: string, out: string | undefined): Promise<void> {
  if (out === undefined || out === '-') {
    process.stdout.write(text)
    return
  }
  await writeFile(out, text).catch((error: NodeJS.ErrnoException) => {
    throw new InvalidInputError([
      usageIssue(
        'unwritable-file',
        `${out} cannot be written: ${error.code}`,
        'check that its folder exists and may be written to',
      ),
    ])
  })
}
