/** `kfp-ts init`: makes a project that compiles, runs and tests at once. */
import { basename, resolve } from 'node:path'
import { InvalidInputError } from '../../api/issue.ts'
import { EXIT, usageIssue } from '../errors.ts'
import { dependencySpec } from '../init/dependency.ts'
import { runNpm } from '../init/npm.ts'
import { packageName, writeProject } from '../init/project.ts'
import type { Command } from './index.ts'

interface InitArgs {
  readonly dir: string
  readonly name: string | undefined
  readonly 'no-install': boolean
  readonly 'kfp-ts': string | undefined
}

export const command: Command<InitArgs> = {
  command: 'init <dir>',
  describe: 'Make a project with a pipeline, a component and tests. DIR must be empty or new.',
  builder: (yargs) =>
    yargs
      .positional('dir', { type: 'string', demandOption: true, describe: 'Folder of the project' })
      .option('name', { type: 'string', describe: "Name of the package; default: the folder's" })
      .option('no-install', { type: 'boolean', default: false, describe: 'Write the files only, run no npm install' })
      .option('kfp-ts', {
        type: 'string',
        describe: 'Where npm finds kfp-ts: a version, or file:PATH of a folder or tarball; default: this kfp-ts',
      })
      .example('$0 init my-pipelines', ''),
  handler: async (args) => {
    const folder = resolve(args.dir)
    const name = packageName(args.name ?? basename(folder))
    if (name === '') throw new InvalidInputError([namelessIssue(folder)])
    await writeProject(folder, name, async () => args['kfp-ts'] ?? (await dependencySpec(folder)))
    process.stdout.write(`made ${folder}\n`)
    if (!args['no-install'] && !(await install(folder))) return
    const steps = args['no-install'] ? ['npm install', 'npm start', 'npm test'] : ['npm start', 'npm test']
    process.stdout.write(`\nnext:\n  cd ${args.dir}\n${steps.map((step) => `  ${step}\n`).join('')}`)
  },
}

async function install(folder: string): Promise<boolean> {
  process.stdout.write('installing packages ...\n')
  const status = await runNpm(folder, ['install', '--no-fund', '--no-audit', '--loglevel=error'])
  if (status === 0) return true
  process.stderr.write(`npm install ended with status ${status}; the files are in place: run it again in ${folder}\n`)
  process.exitCode = EXIT.failed
  return false
}

function namelessIssue(folder: string) {
  const message = `no package name can be made of "${basename(folder)}"`
  return usageIssue('bad-package-name', message, 'give one with --name, of lower-case letters, digits and hyphens')
}
