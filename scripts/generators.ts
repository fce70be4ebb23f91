/** The list of generators; add a line here for a new kind of generated file. */

interface Generator {
  /** Path from the repository's root to content. */
  generate(): Promise<ReadonlyMap<string, string>>
}

export const generators: Readonly<Record<string, () => Promise<Generator>>> = {
  schemas: () => import('./generate-schemas.ts'),
  'validation page': () => import('./generate-validation-page.ts'),
  'sample data': () => import('./generate-sample-data.ts'),
  components: () => import('./generate-components.ts'),
  'hybrid example': () => import('./generate-hybrid.ts'),
  reference: () => import('./generate-reference.ts'),
  crds: () => import('../manifests/crds.ts'),
  install: () => import('../manifests/install.ts'),
}
