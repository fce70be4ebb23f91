/** Decides which of a file's documents is what: pipeline, platform configuration, a Kubernetes manifest of both, or something else. */

import type { Path } from './findings.ts'
import { abbreviate, describeValue, type Findings } from './findings.ts'
import type { Tree, TreeDocument } from './yaml-tree.ts'

/** A part of the file that is one message. */
export interface Source {
  readonly value: unknown
  readonly document: TreeDocument
  /** Keys from the document's root to the message. */
  readonly path: Path
}
export interface Sources {
  readonly spec?: Source
  readonly platform?: Source
}

type Mapping = Readonly<Record<string, unknown>>

/** Reports what is too much, missing or foreign. */
export function findSources(tree: Tree, findings: Findings): Sources {
  if (tree.documents.length === 0) {
    findings.error('empty-document', [], 'the file is empty', 'give a compiled pipeline: "kfp-ts compile" writes one')
    return {}
  }
  const found: { spec?: Source; platform?: Source } = {}
  let named = false
  for (const document of tree.documents) {
    const offset = offsetOfDocument(tree, document)
    const parts = sourcesOf(document, findings, offset)
    if (parts === 'named') named = true
    if (typeof parts === 'string') continue
    for (const role of ['spec', 'platform'] as const) {
      if (parts[role] && found[role]) reportSecond(role, findings, offset)
      else if (parts[role]) found[role] = parts[role]
    }
  }
  if (!found.spec && !findings.hasErrors) {
    const what = named ? 'a Pipeline but no PipelineVersion' : 'platform configuration but no pipeline'
    findings.error('not-a-pipeline', [], `the file holds ${what}`, 'both documents belong into one file')
  }
  return found
}

function offsetOfDocument(tree: Tree, document: TreeDocument): number {
  const first = tree.events[document.firstEvent + 1]
  if (!first) return 0
  return 'start' in first ? first.start : 'valueStart' in first ? Math.max(0, first.valueStart) : 0
}

function reportSecond(role: 'spec' | 'platform', findings: Findings, offset: number): void {
  const what = role === 'spec' ? 'a second pipeline' : 'a second platform configuration'
  const hint = 'a pipeline file is one pipeline and at most one platform document: put the rest into another file'
  findings.error('not-a-pipeline', [], `the file holds ${what}`, hint, offset)
}

/** `named` is a Pipeline manifest: it only names what the PipelineVersion holds. */
function sourcesOf(document: TreeDocument, findings: Findings, offset: number): Sources | 'named' | 'foreign' {
  const { value } = document
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    const message = `a pipeline is a mapping; this document is ${describeValue(value)}`
    findings.error('not-a-pipeline', [], message, 'give a compiled pipeline: "kfp-ts compile" writes one', offset)
    return 'foreign'
  }
  const mapping = value as Mapping
  const at = (path: Path, part: unknown): Source => ({ value: part, document, path })
  if (typeof mapping['kind'] === 'string' && mapping['apiVersion'] !== undefined) {
    return manifestSources(mapping, at, findings, offset)
  }
  if ('platforms' in mapping && !('root' in mapping)) return { platform: at([], mapping) }
  // What the KFP API answers for a pipeline version.
  for (const [spec, platform] of WRAPPERS) {
    if (!(spec in mapping) || 'root' in mapping) continue
    const given = mapping[platform]
    return { spec: at([spec], mapping[spec]), ...(given ? { platform: at([platform], given) } : {}) }
  }
  if ('implementation' in mapping && !('root' in mapping)) {
    const hint = 'load it in a pipeline with loadComponentFromFile, and compile that pipeline'
    findings.error('not-a-pipeline', ['implementation'], 'the file is a component, not a pipeline', hint, offset)
    return 'foreign'
  }
  return { spec: at([], mapping) }
}

const WRAPPERS = [
  ['pipelineSpec', 'platformSpec'],
  ['pipeline_spec', 'platform_spec'],
] as const

function manifestSources(
  mapping: Mapping,
  at: (path: Path, part: unknown) => Source,
  findings: Findings,
  offset: number,
): Sources | 'named' | 'foreign' {
  const apiVersion = String(mapping['apiVersion'])
  const kind = String(mapping['kind'])
  if (apiVersion.startsWith('pipelines.kubeflow.org/')) {
    if (kind === 'Pipeline') return 'named'
    const spec = mapping['spec'] as Mapping | null | undefined
    if (kind === 'PipelineVersion' && spec && typeof spec === 'object') {
      const platform = spec['platformSpec']
      return {
        spec: at(['spec', 'pipelineSpec'], spec['pipelineSpec'] ?? null),
        ...(platform ? { platform: at(['spec', 'platformSpec'], platform) } : {}),
      }
    }
  }
  const workflow = apiVersion.startsWith('argoproj.io/')
  const what = workflow
    ? 'an Argo workflow, as the KFP SDK 1 wrote it'
    : `a ${abbreviate(kind)} of ${abbreviate(apiVersion)}`
  const hint = workflow ? 'compile the pipeline again with the KFP SDK 2 or with kfp-ts' : 'give a compiled pipeline'
  findings.error('not-a-pipeline', ['kind'], `the file holds ${what}, not a pipeline`, hint, offset)
  return 'foreign'
}
