/** From a PipelineRun to a Program: finds the text, parses it once for all runs of the same pipeline. Problems come back as issues. */
import { createHash } from 'node:crypto'
import { InvalidInputError, type Issue } from '../api/issue.ts'
import { parsePipelineDocument } from '../api/parse.ts'
import type { PipelineResourceSpec, PipelineRunSpec } from '../api/pipeline-run.ts'
import type { PipelineDocument } from '../api/platform-spec.ts'
import type { KubeClient } from '../client/kube/client.ts'
import { CONFIG_MAPS, type KubeObject, PIPELINES } from '../client/kube/resources.ts'
import { isNotFound } from '../client/kube/transport.ts'
import { type Program, prepare } from '../engine/index.ts'

export interface LoadedPipeline {
  readonly text: string
  /** `sha256:` of the text. */
  readonly digest: string
  readonly document: PipelineDocument
  readonly program: Program
}

/** The Pipeline, its version or the ConfigMap is missing; the message says which. */
export class PipelineNotFoundError extends Error {
  readonly code = 'pipeline-not-found'
}

export interface PipelineLoader {
  /** Rejects with InvalidInputError (all problems), PipelineNotFoundError, or the API server's trouble. */
  load(namespace: string, spec: PipelineRunSpec): Promise<LoadedPipeline>
  /** Throws InvalidInputError. */
  fromText(text: string): LoadedPipeline
}

/** Pipelines kept for the next run of the same text, most recently used last: so many, and so much text of them. */
const KEPT = 64
const KEPT_CHARACTERS = 4_000_000

export function createPipelineLoader(kube: KubeClient): PipelineLoader {
  const kept = new Map<string, LoadedPipeline>()
  let characters = 0
  /** Runs that go on have theirs: a run of the same text shares it, kept or not. */
  const inUse = new Map<string, WeakRef<LoadedPipeline>>()
  const dropped = new FinalizationRegistry<string>((digest) => {
    if (!inUse.get(digest)?.deref()) inUse.delete(digest)
  })

  function keep(pipeline: LoadedPipeline): LoadedPipeline {
    if (kept.delete(pipeline.digest)) characters -= pipeline.text.length
    kept.set(pipeline.digest, pipeline)
    characters += pipeline.text.length
    for (const [digest, { text }] of kept) {
      if (kept.size <= KEPT && characters <= KEPT_CHARACTERS) break
      kept.delete(digest)
      characters -= text.length
    }
    return pipeline
  }

  function fromText(text: string): LoadedPipeline {
    const digest = `sha256:${createHash('sha256').update(text).digest('hex')}`
    const known = kept.get(digest) ?? inUse.get(digest)?.deref()
    if (known) return keep(known)
    const { document, issues } = parsePipelineDocument(text)
    if (!document) throw new InvalidInputError(issues.filter(({ severity }) => severity === 'error'))
    const loaded = { text, digest, document, program: prepare(document) }
    inUse.set(digest, new WeakRef(loaded))
    dropped.register(loaded, digest)
    return keep(loaded)
  }

  return {
    fromText,
    load: async (namespace, spec) => fromText(await pipelineText(kube, namespace, spec)),
  }
}

async function pipelineText(kube: KubeClient, namespace: string, spec: PipelineRunSpec): Promise<string> {
  if (spec.pipelineText !== undefined) return spec.pipelineText
  if (spec.pipelineSpec) return inlineText(spec)
  if (spec.pipelineFrom) return await configMapText(kube, namespace, spec.pipelineFrom.configMapKeyRef)
  if (spec.pipelineRef) return await versionText(kube, namespace, spec.pipelineRef)
  throw new InvalidInputError([
    issue(
      'missing-pipeline',
      'spec',
      'the run names no pipeline',
      'set pipelineText, pipelineSpec, pipelineRef or pipelineFrom',
    ),
  ])
}

/** JSON is YAML: no need to write it any other way. */
function inlineText({ pipelineSpec, platformSpec }: PipelineRunSpec): string {
  // An object that wraps both documents, as the KFP API knows it.
  const { pipeline_spec: spec, platform_spec: platform } = (pipelineSpec ?? {}) as Record<string, unknown>
  const documents = spec ? [spec, platform] : [pipelineSpec, platformSpec]
  return documents
    .filter((document) => document !== undefined)
    .map((document) => `${JSON.stringify(document, undefined, 1)}\n`)
    .join('---\n')
}

async function configMapText(
  kube: KubeClient,
  namespace: string,
  { name, key }: { name: string; key: string },
): Promise<string> {
  const map = await found(
    kube.get<KubeObject & { data?: Record<string, string> }>(CONFIG_MAPS, namespace, name),
    `there is no ConfigMap "${name}" in namespace "${namespace}"`,
  )
  const text = map.data?.[key]
  if (text === undefined) throw new PipelineNotFoundError(`the ConfigMap "${name}" has no key "${key}"`)
  return text
}

async function versionText(
  kube: KubeClient,
  namespace: string,
  { name, version, digest }: NonNullable<PipelineRunSpec['pipelineRef']>,
): Promise<string> {
  const resource = await found(
    kube.get<KubeObject & { spec: PipelineResourceSpec }>(PIPELINES, namespace, name),
    `there is no Pipeline "${name}" in namespace "${namespace}"`,
  )
  const { versions } = resource.spec
  const matching = versions.filter(
    (candidate) =>
      (version === undefined || candidate.name === version) &&
      (digest === undefined || digest === `sha256:${createHash('sha256').update(candidate.text).digest('hex')}`),
  )
  const chosen = matching.at(-1)
  if (chosen) return chosen.text
  const wanted = [version && `version "${version}"`, digest].filter(Boolean).join(' with ')
  throw new PipelineNotFoundError(
    `the Pipeline "${name}" has no ${wanted}; it has ${versions.map((one) => `"${one.name}"`).join(', ')}`,
  )
}

async function found<T>(answer: Promise<T>, message: string): Promise<T> {
  try {
    return await answer
  } catch (error) {
    if (isNotFound(error)) throw new PipelineNotFoundError(message)
    throw error
  }
}

const issue = (code: string, path: string, message: string, hint: string): Issue => ({
  code,
  severity: 'error',
  path,
  message,
  hint,
})
