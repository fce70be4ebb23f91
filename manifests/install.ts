/** Generates manifests/install.yaml: the base as one plain file, for who has no kustomize. Run by scripts/generate.ts. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parse } from 'yaml'
import { generate as generateCrds } from './crds.ts'

/** Path from the repository's root to content. */
export async function generate(): Promise<ReadonlyMap<string, string>> {
  const base = join(import.meta.dirname, 'base')
  const { resources } = parse(await readFile(join(base, 'kustomization.yaml'), 'utf8')) as { resources: string[] }
  const crds = await generateCrds()
  const parts = await Promise.all(
    resources.map(async (name) => crds.get(`manifests/base/${name}`) ?? (await readFile(join(base, name), 'utf8'))),
  )
  const head = '# Generated from manifests/base by manifests/install.ts; "make generate" writes it.\n'
  return new Map([
    [
      'manifests/install.yaml',
      head +
        parts
          .map((part) => part.trimEnd())
          .join('\n---\n')
          .concat('\n'),
    ],
  ])
}
