/** Reads what a command was given as FILE: an author's TypeScript module or a compiled pipeline. Loads the compiler only for the first. */
import { readFile } from 'node:fs/promises'
import { extname } from 'node:path'
import { InvalidInputError, type Issue } from '../api/issue.ts'
import type { PipelineDocument } from '../api/platform-spec.ts'
import { parsePipelineFile } from '../compiler/pipeline-archive.ts'
import { usageIssue } from './errors.ts'

const SOURCE_EXTENSIONS = new Set(['.ts', '.mts', '.tsx', '.js', '.mjs'])

export const isSourceFile = (file: string) => SOURCE_EXTENSIONS.has(extname(file))

/**
 * @param pipelineName chooses among several pipelines of a module
 * @throws InvalidInputError with every problem found
 */
export async function readPipelineFile(file: string, pipelineName?: string): Promise<PipelineDocument> {
  const { document, issues } = isSourceFile(file) ? await compileModule(file, pipelineName) : await parseFile(file)
  const warnings = issues.filter(({ severity }) => severity === 'warning')
  if (!document) throw new InvalidInputError(issues)
  for (const { message } of warnings) process.stderr.write(`warning: ${message}\n`)
  return document
}

/** Reads a compiled pipeline, packed or not. */
export async function parseFile(file: string): Promise<{ document?: PipelineDocument; issues: readonly Issue[] }> {
  return parsePipelineFile(await readInput(file), { file })
}

/** Reads a file that the user named. @throws InvalidInputError when it can't be read */
export async function readInput(file: string): Promise<Buffer> {
  try {
    return await readFile(file)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const reason = code === 'ENOENT' ? 'there is no such file' : code === 'EISDIR' ? 'it is a folder' : message
    throw new InvalidInputError([
      {
        ...usageIssue('unreadable-file', reason, 'check the path (it is taken from the working directory)'),
        location: { file },
      },
    ])
  }
}

async function compileModule(
  file: string,
  pipelineName: string | undefined,
): Promise<{ document?: PipelineDocument; issues: readonly Issue[] }> {
  await readInput(file)
  const { compile, loadPipelines, selectPipeline } = await import('../compiler/index.ts')
  return compile(selectPipeline(await loadPipelines(file), pipelineName))
}

/** The text that goes to a cluster. A compiled file is sent as it is, so that its text (and digest) stays the author's. */
export async function pipelineText(file: string, document: PipelineDocument): Promise<string> {
  const { printPipelineYaml } = await import('../compiler/index.ts')
  if (isSourceFile(file)) return printPipelineYaml(document)
  const text = await readFile(file, 'utf8')
  return text.includes('\0') || text.startsWith('PK') ? printPipelineYaml(document) : text
}
