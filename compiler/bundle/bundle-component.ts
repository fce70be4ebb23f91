/** Packs a TypeScript component with what it imports into one text that a plain Node image can run (contracts.md, Authoring). */
import { readFile } from 'node:fs/promises'
import { dirname, extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { type BuildFailure, build, type Message, type Plugin } from 'esbuild'
import { InvalidInputError, type Issue } from '../../api/issue.ts'
import type { ComponentModel, TypeScriptImplementation } from '../../dsl/graph.ts'
import { type Frame, locationsOf } from '../../dsl/location.ts'
import { makeIssue } from '../../dsl/scope.ts'
import { entryUrl } from '../load/loader-plugin.ts'
import type { CodeExecutor } from '../lower/build.ts'
import type { StepFacts } from '../runtime/step.ts'
import { type AuthorSource, MADE, mentionsKfpTs, type Origin, readAuthorSource, TARGET } from './author-source.ts'
import { STUB } from './kfp-ts-stub.ts'
import { loadAlone } from './load-alone.ts'

/** Where TypeScript components run unless they say otherwise. */
export const DEFAULT_IMAGE = 'node:24-alpine'

/** Linux refuses a single argument of 128 KiB or more, its closing zero included. */
export const ARGUMENT_LIMIT_BYTES = 128 * 1024 - 1

/** Unpacks the payload into a temporary folder, which it removes at the end, and starts it. */
const BOOTSTRAP =
  "const f=require('node:fs'),p=require('node:path'),d=f.mkdtempSync(p.join(require('node:os').tmpdir(),'kfp-ts-')),c=p.join(d,'component.mjs');" +
  "f.writeFileSync(c,require('node:zlib').gunzipSync(Buffer.from(process.argv[1],'base64')));" +
  "process.on('exit',()=>f.rmSync(d,{recursive:true,force:true}));" +
  "import(require('node:url').pathToFileURL(c)).then(m=>m.start(process.argv.slice(2))).catch(e=>{console.error(e);process.exitCode=1})"

const EXTENSION = extname(import.meta.filename)
const RUNTIME = join(import.meta.dirname, '..', 'runtime', `step${EXTENSION}`)

/** The command of a TypeScript component's container. */
export async function bundleComponent(
  component: ComponentModel,
  implementation: TypeScriptImplementation,
): Promise<CodeExecutor> {
  const frames = locationsOf(component.site)
  if (frames.length === 0) {
    throw new InvalidInputError([
      makeIssue({
        code: 'no-source',
        message: `the file that component "${component.name}" stands in is not known, so its code cannot be packed`,
        hint: 'define components in files that are loaded from disk',
        site: component.site,
      }),
    ])
  }
  const code = await bundle(component, frames)
  const payload = encode(code)
  if (payload.length > ARGUMENT_LIMIT_BYTES)
    throw new InvalidInputError([tooLarge(component, code.length, payload.length)])
  return {
    image: implementation.image ?? DEFAULT_IMAGE,
    command: ['node', '-e', BOOTSTRAP],
    args: [payload, '--executor_input', '{{$}}', '--function_to_execute', component.name],
  }
}

function encode(code: Uint8Array): string {
  const packed = gzipSync(code, { level: 9 })
  // The byte that names the operating system would differ between machines; 255 says unknown.
  packed[9] = 255
  return packed.toString('base64')
}

function tooLarge(component: ComponentModel, codeBytes: number, payloadBytes: number): Issue {
  const kib = (bytes: number): string => `${(bytes / 1024).toFixed(1)} KiB`
  return makeIssue({
    code: 'component-too-large',
    message: `the code of component "${component.name}" is ${kib(codeBytes)}, ${kib(payloadBytes)} packed; an argument holds ${kib(ARGUMENT_LIMIT_BYTES)}`,
    hint: 'import less, or build an image that has the code in it and use defineContainerComponent({ image, command, … })',
    site: component.site,
  })
}

async function bundle(component: ComponentModel, frames: readonly Frame[]): Promise<Uint8Array> {
  const sources = new SourceCache()
  const wanted = await findWanted(sources, frames)
  const { file } = wanted.frame
  const hasVariable = wanted.origin !== undefined && 'variable' in wanted.origin
  try {
    const { outputFiles } = await build({
      stdin: {
        contents: entryText(component, wanted),
        resolveDir: dirname(file),
        sourcefile: 'entry.js',
        loader: 'js',
      },
      absWorkingDir: dirname(file),
      bundle: true,
      write: false,
      platform: 'node',
      target: 'node20',
      format: 'esm',
      minify: true,
      // A component may be named by its function.
      keepNames: !hasVariable,
      legalComments: 'none',
      charset: 'utf8',
      logLevel: 'silent',
      banner: { js: "import{createRequire as __cr}from'node:module';const require=__cr(import.meta.url);" },
      plugins: [authorPlugin(sources, wanted)],
    })
    const code = outputFiles[0]!.contents
    if (!hasVariable) await checkFound(component, wanted, code)
    return code
  } catch (error) {
    if (error instanceof InvalidInputError) throw error
    throw new InvalidInputError(
      (error as BuildFailure).errors?.map((message) => buildIssue(component, message)) ?? [
        unexpected(component, error),
      ],
    )
  }
}

/** Where the wanted component is made when its file is loaded; without an origin it may be anywhere in the file. */
interface Wanted {
  readonly frame: Frame
  readonly origin?: Origin
}

/** A function that makes components is known by the call outside of all functions that led to it. */
async function findWanted(sources: SourceCache, frames: readonly Frame[]): Promise<Wanted> {
  for (const frame of frames) {
    // What runs authors' files may stand further out; it makes nothing itself.
    if (frame !== frames[0] && isInPackage(frame.file)) continue
    const origin = (await sources.readAnyway(frame.file)).originAt(frame)
    if (origin) return { frame, origin }
  }
  return { frame: frames[0]! }
}

function entryText(component: ComponentModel, { frame, origin }: Wanted): string {
  const file = JSON.stringify(frame.file)
  const start = (target: string): string =>
    `export const start = (argv) => { begin(); return main(${target}, ${JSON.stringify(factsOf(component))}, argv) }\n`
  const imports = `import { main } from ${JSON.stringify(RUNTIME)}\nimport { begin, registry } from 'kfp-ts'\n`
  if (origin && 'variable' in origin) return `${imports}import { ${TARGET} as target } from ${file}\n${start('target')}`
  const made = origin ? `import { ${MADE} as made } from ${file}` : `import ${file}\nconst made = registry`
  const found = `export const found = made.filter(({ name }) => name === ${JSON.stringify(component.name)})`
  return `${imports}${made}\n${found}\n${start('found[0]')}`
}

/** Where no variable holds the component, only loading the bundle tells whether its step will find it. */
async function checkFound(component: ComponentModel, { frame }: Wanted, code: Uint8Array): Promise<void> {
  const loaded = await loadAlone(code)
  if (loaded.found === 1) return
  const { name } = component
  const issue =
    loaded.found === undefined
      ? {
          code: 'bundle-failed',
          message: `the code of component "${name}" cannot be loaded by its step: ${loaded.error}`,
          hint: 'what stands outside of functions runs in the step too, without the rest of kfp-ts',
        }
      : loaded.found === 0
        ? {
            code: 'component-not-found',
            message: `component "${name}" is not made when its file is loaded, so its step would not find it`,
            hint: 'define components outside of functions that are called later, such as bodies of pipelines',
          }
        : {
            code: 'several-components',
            message: `${loaded.found} components called "${name}" are made here, and a step could not tell them apart`,
            hint: `give each a name of its own, or a variable of its own: const ${name.replace(/\W/g, '_')} = …`,
          }
  const { file, line, column } = frame
  throw new InvalidInputError([makeIssue({ ...issue, location: { file, line, column } })])
}

function isInPackage(file: string): boolean {
  return file.includes('/node_modules/')
}

function factsOf(component: ComponentModel): StepFacts {
  const outputs = Object.entries(component.outputs).flatMap(([name, type]) =>
    type.kind === 'parameter' ? [[name, type.parameterType] as const] : [],
  )
  const defaults = Object.entries(component.inputs).flatMap(([name, type]) =>
    type.kind === 'parameter' && type.defaultValue !== undefined ? [[name, type.defaultValue] as const] : [],
  )
  return {
    lists: Object.entries(component.inputs).flatMap(([name, type]) =>
      type.kind === 'artifact' && type.list ? [name] : [],
    ),
    outputs: Object.fromEntries(outputs),
    defaults: Object.fromEntries(defaults),
  }
}

class SourceCache {
  readonly #sources = new Map<string, Promise<AuthorSource | undefined>>()

  /** Undefined for files that have nothing to do with kfp-ts. */
  read(file: string): Promise<AuthorSource | undefined> {
    return this.#get(file, mentionsKfpTs)
  }

  async readAnyway(file: string): Promise<AuthorSource> {
    return (await this.#get(file, () => true))!
  }

  #get(file: string, isWorthIt: (text: string) => boolean): Promise<AuthorSource | undefined> {
    let source = this.#sources.get(file)
    if (!source) {
      source = readFile(file, 'utf8').then((text) => (isWorthIt(text) ? readAuthorSource(file, text) : undefined))
      this.#sources.set(file, source)
    }
    return source
  }
}

/** Our own files must not travel: `kfp-ts` becomes the stub, YAML components become nothing. */
function authorPlugin(sources: SourceCache, wanted: Wanted): Plugin {
  return {
    name: 'kfp-ts-author',
    setup(setup) {
      // The ready components are the one part of kfp-ts that steps use: their functions do the work.
      setup.onResolve({ filter: /^kfp-ts\/components$/ }, () => ({ path: fileURLToPath(entryUrl('components')!) }))
      setup.onResolve({ filter: /^kfp-ts($|\/)/ }, () => ({ path: 'kfp-ts', namespace: 'kfp-ts-stub' }))
      setup.onResolve({ filter: /(^|\/)dsl\/index\.[jt]s$/ }, () => ({ path: 'kfp-ts', namespace: 'kfp-ts-stub' }))
      setup.onResolve({ filter: /\.ya?ml$/ }, () => ({ path: 'kfp-ts', namespace: 'kfp-ts-stub' }))
      setup.onLoad({ filter: /.*/, namespace: 'kfp-ts-stub' }, () => ({ contents: STUB, loader: 'js' }))
      setup.onLoad({ filter: /\.[cm]?[jt]sx?$/ }, async ({ path, namespace }) => {
        const isWanted = path === wanted.frame.file
        // The wanted component may be one of ours in an installed kfp-ts; all else in packages stays as it is.
        const isForeign = !isWanted && isInPackage(path)
        if (namespace !== 'file' || isForeign || path.startsWith(dirname(RUNTIME))) return undefined
        const source = await sources.read(path)
        if (!source) return undefined
        return {
          contents: source.marked(isWanted ? wanted.origin : undefined),
          loader: 'js',
          resolveDir: dirname(path),
        }
      })
    },
  }
}

function buildIssue(component: ComponentModel, { text, location }: Message): Issue {
  const place = location ? { file: location.file, line: location.line, column: location.column + 1 } : undefined
  return makeIssue({
    code: 'bundle-failed',
    message: `the code of component "${component.name}" cannot be packed: ${text}`,
    hint: 'what a component imports must be on this machine when the pipeline is compiled',
    ...(place ? { location: place } : { site: component.site }),
  })
}

function unexpected(component: ComponentModel, error: unknown): Issue {
  return makeIssue({
    code: 'bundle-failed',
    message: `the code of component "${component.name}" cannot be packed: ${error instanceof Error ? error.message : String(error)}`,
    site: component.site,
  })
}
