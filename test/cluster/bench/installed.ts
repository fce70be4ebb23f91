/** The operator as an image runs it: built files, with the environment of manifests/base. Sources would be stripped of types in memory. */
import { spawnSync } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseAllDocuments } from 'yaml'
import { type OperatorProcess, type Place, ROOT, startOperatorProcess } from '../support/cluster.ts'

interface Deployment {
  readonly kind: string
  readonly spec: {
    readonly template: {
      readonly spec: { readonly containers: readonly { readonly env?: readonly { name: string; value?: string }[] }[] }
    }
  }
}

export function build(): void {
  const { status, stderr } = spawnSync(process.execPath, [join(ROOT, 'scripts/build.ts')], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`the build failed: ${stderr}`)
}

export async function startInstalledOperator(place: Place, extra: readonly string[] = []): Promise<OperatorProcess> {
  const main = pathToFileURL(join(ROOT, 'dist/cli/main.js')).href
  const program = `const { main } = await import(${JSON.stringify(main)}); await main(process.argv.slice(1))`
  return await startOperatorProcess(place, extra, await manifestEnvironment(), [
    process.execPath,
    '--input-type=module',
    '--eval',
    program,
    '--',
  ])
}

async function manifestEnvironment(): Promise<Record<string, string>> {
  const text = await readFile(join(ROOT, 'manifests/base/operator.yaml'), 'utf8')
  const deployment = parseAllDocuments(text)
    .map((document) => document.toJS() as Deployment)
    .find(({ kind }) => kind === 'Deployment')
  const env = deployment?.spec.template.spec.containers[0]?.env ?? []
  return Object.fromEntries(env.flatMap(({ name, value }) => (value === undefined ? [] : [[name, value]])))
}
