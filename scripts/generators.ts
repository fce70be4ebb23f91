/** The list of generators; add a line here for a new kind of generated file. */

interface Generator {
  /** Path from the repository's root to content. */
  generate(): Promise<ReadonlyMap<string, string>>
}

export const generators: Readonly<Record<string, () => Promise<Generator>>> = {
  crds: () => import('../manifests/crds.ts'),
}
