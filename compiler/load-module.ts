/** Reads an author's TypeScript file: bundles it, runs it once, and lists the pipelines that it exports. */
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, extname, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type BuildFailure, build, type Message } from 'esbuild'
import { InvalidInputError, type Issue } from '../api/issue.ts'
import { pipelinesOfClass } from '../dsl/decorators.ts'
import { LOADED_FOLDER, locationOfError } from '../dsl/location.ts'
import { type AnyPipeline, isPipeline } from '../dsl/pipeline.ts'
import { makeIssue } from '../dsl/scope.ts'
import { filePlacesPlugin, PLACE_DEFINES } from './load/file-places.ts'
import { legacyDecoratorIssue } from './load/legacy-decorators.ts'
import { loaderPlugin } from './load/loader-plugin.ts'
import { nearestTsconfig } from './load/nearest-tsconfig.ts'

export interface LoadedPipeline {
  /** Name of the export; `default` for the default export. */
  readonly exportName: string
  readonly pipeline: AnyPipeline
}
export interface LoadedModule {
  /** Absolute path. */
  readonly file: string
  readonly pipelines: readonly LoadedPipeline[]
}

/**
 * Loads a file and everything that it imports.
 *
 * @throws InvalidInputError when there is no such file, it has mistakes, it throws, or exports no pipeline
 */
export async function loadPipelines(file: string): Promise<LoadedModule> {
  const path = resolve(file)
  await checkFile(path)
  const legacy = await legacyDecoratorIssue(path)
  if (legacy) throw new InvalidInputError([legacy])
  const module = await evaluate(path, await bundleModule(path))
  const pipelines = pipelinesOf(module)
  if (pipelines.length === 0) throw new InvalidInputError([noPipeline(path, module)])
  return { file: path, pipelines }
}

/**
 * The pipeline of a module that is meant: the named one, or the only one.
 *
 * @param name a pipeline's name or the name of its export
 */
export function selectPipeline(module: LoadedModule, name?: string): AnyPipeline {
  const { pipelines, file } = module
  const names = pipelines.map(({ pipeline }) => pipeline.model.name).join(', ')
  if (name !== undefined) {
    const found = pipelines.find(({ pipeline, exportName }) => pipeline.model.name === name || exportName === name)
    if (found) return found.pipeline
    throw problem(file, 'unknown-pipeline', `there is no pipeline "${name}"`, `it exports: ${names}`)
  }
  const [only, ...others] = pipelines
  if (only && others.length === 0) return only.pipeline
  const fallback = pipelines.find(({ exportName }) => exportName === 'default')
  if (fallback) return fallback.pipeline
  throw problem(
    file,
    'several-pipelines',
    `it exports ${pipelines.length} pipelines`,
    `choose one with --pipeline: ${names}`,
  )
}

function problem(
  file: string,
  code: string,
  message: string,
  hint: string,
  location?: Issue['location'],
): InvalidInputError {
  return new InvalidInputError([makeIssue({ code, message, hint, location: location ?? { file } })])
}

async function checkFile(path: string): Promise<void> {
  const info = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined
    throw problem(path, 'unreadable-file', `it cannot be read: ${error.code}`, 'check its permissions')
  })
  if (!info) throw problem(path, 'no-such-file', 'there is no such file', 'check the path')
  if (info.isDirectory())
    throw problem(path, 'not-a-file', 'this is a folder', 'name the file that exports the pipeline')
  if (!/^\.[cm]?[jt]sx?$/.test(extname(path))) {
    throw problem(
      path,
      'unknown-file-type',
      `"${basename(path)}" is no TypeScript or JavaScript file`,
      'name a .ts file, or a .yaml file that was compiled before',
    )
  }
}

/** One ES module with an inline source map, so that stacks name the author's lines. */
async function bundleModule(path: string): Promise<Uint8Array> {
  try {
    const { outputFiles } = await build({
      entryPoints: [path],
      absWorkingDir: dirname(path),
      bundle: true,
      write: false,
      platform: 'node',
      target: 'node24',
      supported: { decorators: false },
      format: 'esm',
      sourcemap: 'inline',
      sourcesContent: false,
      sourceRoot: pathToFileURL(`${dirname(path)}/`).href,
      keepNames: true,
      charset: 'utf8',
      logLevel: 'silent',
      define: PLACE_DEFINES,
      tsconfigRaw: await tsconfigFor(path),
      outdir: dirname(path),
      plugins: [filePlacesPlugin(), loaderPlugin()],
    })
    return outputFiles[0]!.contents
  } catch (error) {
    const { errors } = error as BuildFailure
    if (!errors?.length) throw error
    throw new InvalidInputError(errors.map((message) => buildIssue(path, message)))
  }
}

/** The author's, which may say where imports lead (`paths`); what classes and decorators mean does not depend on it. */
async function tsconfigFor(path: string): Promise<string> {
  const config = await nearestTsconfig(dirname(path))
  const compilerOptions = { experimentalDecorators: false, useDefineForClassFields: true }
  return JSON.stringify({ ...(config ? { extends: config.path } : {}), compilerOptions })
}

function buildIssue(path: string, { text, location }: Message): Issue {
  const place = location
    ? { file: resolve(dirname(path), location.file), line: location.line, column: location.column + 1 }
    : { file: path }
  const isMissing = text.startsWith('Could not resolve') || text.includes('does not exist')
  return makeIssue({
    code: isMissing ? 'unknown-import' : 'syntax-error',
    message: text,
    hint: isMissing ? 'check the path, or install the package beside the file' : 'correct the text here',
    location: place,
  })
}

async function evaluate(path: string, code: Uint8Array): Promise<Record<string, unknown>> {
  const folder = await mkdtemp(tmpdir() + LOADED_FOLDER)
  const target = join(folder, `${basename(path, extname(path))}.mjs`)
  // Bodies run later, at compile time, and their places are wanted then: this stays on for the rest of the process.
  process.setSourceMapsEnabled(true)
  try {
    await writeFile(target, code)
    return (await import(pathToFileURL(target).href)) as Record<string, unknown>
  } catch (error) {
    if ((error as InvalidInputError).code === 'invalid-input') throw error
    const location = locationOfError(error) ?? { file: path }
    const message = `the file threw when it was loaded: ${error instanceof Error ? error.message : String(error)}`
    throw problem(
      path,
      'load-failed',
      message,
      'what stands outside of functions runs when the file is loaded',
      location,
    )
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function pipelinesOf(module: Record<string, unknown>): LoadedPipeline[] {
  const found = Object.entries(module).flatMap(([exportName, value]) => {
    if (isPipeline(value)) return [{ exportName, pipeline: value }]
    return pipelinesOfClass(value).map((pipeline) => ({ exportName, pipeline }))
  })
  const seen = new Set<unknown>()
  return found.filter(({ pipeline }) => !seen.has(pipeline.model) && seen.add(pipeline.model))
}

function noPipeline(path: string, module: Record<string, unknown>): Issue {
  const names = Object.keys(module)
  return makeIssue({
    code: 'no-pipeline',
    message: names.length ? `no pipeline is exported (only ${names.join(', ')})` : 'nothing is exported',
    hint: 'export the result of definePipeline(…), or a class with a method that @pipeline stands on',
    location: { file: path },
  })
}
