/** The files of a new project: copied from templates/project, with package.json made for this machine. */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { InvalidInputError } from '../../api/issue.ts'
import { usageIssue } from '../errors.ts'
import { packageRoot } from './package-root.ts'

/** Template by file of the project. Names differ where npm, git or our own tests would take the template for their own. */
const FILES: Readonly<Record<string, string>> = {
  '.gitignore': 'gitignore',
  'README.md': 'README.md',
  'components/add-area.ts': 'components/add-area.ts',
  'data/iris.csv': 'data/iris.csv',
  'pipeline.test.ts': 'test-pipeline.ts',
  'pipeline.ts': 'pipeline.ts',
  'tsconfig.json': 'tsconfig.json',
}

/** A name that npm accepts, made of any text; '' when nothing of it can stay. */
export function packageName(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, '-')
    .replace(/^[-._]+|[-._]+$/g, '')
    .slice(0, 200)
}

/**
 * Writes the project.
 *
 * @param kfpTs asked once the folder exists: what package.json says of kfp-ts
 * @throws InvalidInputError when the folder has files in it, or is none
 */
export async function writeProject(folder: string, name: string, kfpTs: () => Promise<string>): Promise<void> {
  await requireEmpty(folder)
  const templates = join(await packageRoot(), 'templates', 'project')
  for (const [file, template] of Object.entries(FILES)) {
    const target = join(folder, file)
    await mkdir(dirname(target), { recursive: true })
    const text = await readFile(join(templates, template), 'utf8')
    await writeFile(target, text.replaceAll('{{name}}', name))
  }
  await writeFile(join(folder, 'package.json'), `${JSON.stringify(manifest(name, await kfpTs()), undefined, 2)}\n`)
}

async function requireEmpty(folder: string): Promise<void> {
  const entries = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    const why = error.code === 'ENOTDIR' ? 'it is a file' : String(error.code)
    throw new InvalidInputError([usageIssue('bad-folder', `${folder} cannot be used: ${why}`, 'name another folder')])
  })
  const files = entries.filter((entry) => entry !== '.git')
  if (files.length === 0) return
  const message = `${folder} is not empty: it has ${files.slice(0, 3).join(', ')}${files.length > 3 ? ', ...' : ''}`
  throw new InvalidInputError([usageIssue('folder-not-empty', message, 'name a new or an empty folder')])
}

/** Node itself is among the packages, so that the project runs also where the machine's Node is older. */
function manifest(name: string, kfpTs: string): object {
  return {
    name,
    version: '0.1.0',
    private: true,
    type: 'module',
    scripts: {
      // Steps run in folders of their own, so the path is given in full.
      start: 'kfp-ts run pipeline.ts --param source="$PWD/data/iris.csv"',
      test: 'tsc && node --test',
      compile: 'kfp-ts compile pipeline.ts -o pipeline.yaml',
    },
    dependencies: { 'kfp-ts': kfpTs },
    devDependencies: { '@types/node': '^24.0.0', node: '^24.0.0', typescript: '^5.8.0 || ^6.0.0 || ^7.0.0' },
    allowScripts: { esbuild: true, node: true },
  }
}
