/** Packs a TypeScript component with what it imports into one text that a plain Node image can run (contracts.md, Authoring). */
import { dirname, extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { type BuildFailure, build, type Message, type Plugin } from 'esbuild'
import { InvalidInputError, type Issue, type SourceLocation } from '../../api/issue.ts'
import type { ComponentModel, TypeScriptImplementation } from '../../dsl/graph.ts'
import { locationOf } from '../../dsl/location.ts'
import { makeIssue } from '../../dsl/scope.ts'
import { entryUrl } from '../load/loader-plugin.ts'
import type { CodeExecutor } from '../lower/build.ts'
import type { StepFacts } from '../runtime/step.ts'
import { type AuthorSource, readAuthorSource, TARGET } from './author-source.ts'
import { STUB } from './kfp-ts-stub.ts'

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
  const location = locationOf(component.site)
  if (!location?.file) {
    throw new InvalidInputError([
      makeIssue({
        code: 'no-source',
        message: `the file that component "${component.name}" stands in is not known, so its code cannot be packed`,
        hint: 'define components in files that are loaded from disk',
        site: component.site,
      }),
    ])
  }
  const code = await bundle(component, location)
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

async function bundle(component: ComponentModel, location: SourceLocation): Promise<Uint8Array> {
  const file = location.file!
  const sources = new SourceCache()
  const variable = variableAt(await sources.read(file), location)
  try {
    const { outputFiles } = await build({
      stdin: {
        contents: entryText(component, file, variable),
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
      keepNames: false,
      legalComments: 'none',
      charset: 'utf8',
      logLevel: 'silent',
      banner: { js: "import{createRequire as __cr}from'node:module';const require=__cr(import.meta.url);" },
      plugins: [authorPlugin(sources, file, variable)],
    })
    return outputFiles[0]!.contents
  } catch (error) {
    throw new InvalidInputError(
      (error as BuildFailure).errors?.map((message) => buildIssue(component, message)) ?? [
        unexpected(component, error),
      ],
    )
  }
}

/** The top-level variable whose definition stands where the component was made. */
function variableAt(source: AuthorSource | undefined, { line, column }: SourceLocation): string | undefined {
  const here = source?.definitions.filter((definition) => definition.line === line) ?? []
  return (here.length > 1 ? here.find((definition) => definition.column === column) : here[0])?.variable
}

function entryText(component: ComponentModel, file: string, variable: string | undefined): string {
  const facts = JSON.stringify(factsOf(component))
  const target =
    variable === undefined
      ? `import ${JSON.stringify(file)}\nimport { registry } from 'kfp-ts'\nconst target = registry.find(({ name }) => name === ${JSON.stringify(component.name)})`
      : `import { ${TARGET} as target } from ${JSON.stringify(file)}`
  return `import { main } from ${JSON.stringify(RUNTIME)}\n${target}\nexport const start = (argv) => main(target, ${facts}, argv)\n`
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

  read(file: string): Promise<AuthorSource | undefined> {
    let source = this.#sources.get(file)
    if (!source) {
      source = readAuthorSource(file)
      this.#sources.set(file, source)
    }
    return source
  }
}

/** Our own files must not travel: `kfp-ts` becomes the stub, YAML components become nothing. */
function authorPlugin(sources: SourceCache, target: string, variable: string | undefined): Plugin {
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
        // The wanted component may be one of ours in an installed kfp-ts; all else in packages stays as it is.
        const isForeign = path !== target && path.includes('/node_modules/')
        if (namespace !== 'file' || isForeign || path.startsWith(dirname(RUNTIME))) return undefined
        const source = await sources.read(path)
        if (!source) return undefined
        const isTarget = path === target && variable !== undefined
        return {
          contents: isTarget ? `${source.code}\nexport { ${variable} as ${TARGET} }` : source.code,
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
