/** `kfp-ts diff`: in what two compiled pipelines differ when they run. Exit 0 equal, 1 different, 2 wrong input. */

import { diffPipelines } from '../../compiler/diff/diff-pipelines.ts'
import { formatDifference } from '../../compiler/diff/format-difference.ts'
import { countOf } from '../../local/progress/terminal.ts'
import { EXIT } from '../errors.ts'
import { readPipelineFile } from '../pipeline-file.ts'
import type { Command } from './index.ts'

interface DiffArgs {
  readonly before: string
  readonly after: string
  readonly json: boolean
}

export const command: Command<DiffArgs> = {
  command: 'diff <before> <after>',
  describe: 'Show in what two pipelines differ when they run; names of components, order and SDK version mean nothing',
  builder: (yargs) =>
    yargs
      .positional('before', { type: 'string', demandOption: true, describe: 'Compiled pipeline, or FILE.ts' })
      .positional('after', { type: 'string', demandOption: true, describe: 'Compiled pipeline, or FILE.ts' })
      .option('json', { type: 'boolean', default: false, describe: 'Print one JSON object on stdout' })
      .example('$0 diff old.yaml new.yaml', 'exits with 0 when equal, 1 when different'),
  handler: async ({ before, after, json }) => {
    const differences = diffPipelines(await readPipelineFile(before), await readPipelineFile(after))
    const equal = differences.length === 0
    if (json) {
      process.stdout.write(`${JSON.stringify({ equal, differences }, null, 2)}\n`)
    } else {
      for (const difference of differences) process.stdout.write(`${formatDifference(difference)}\n`)
      process.stdout.write(equal ? 'no difference\n' : `${countOf(differences.length, 'difference')}\n`)
    }
    if (!equal) process.exitCode = EXIT.failed
  },
}
