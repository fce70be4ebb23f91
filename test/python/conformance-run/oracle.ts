/** What `kfp.local` showed for a case, as `record-oracle.ts` keeps it. */
export interface OracleRecord {
  /** ERROR: it cannot run the file at all. */
  readonly state: 'SUCCEEDED' | 'FAILED' | 'ERROR'
  /** Artifacts by content and metadata. */
  readonly outputs?: Readonly<Record<string, unknown>>
  readonly message?: string
}
