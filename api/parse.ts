/** Text of a pipeline file to a checked, normalised document: every command, server and engine reads pipelines through here. */
import { checkPipeline } from './check/check-pipeline.ts'
import { checkPlatform } from './check/check-platform.ts'
import type { Issue } from './issue.ts'
import { findSources, type Source } from './parse/documents.ts'
import { type Finding, Findings, formatPath } from './parse/findings.ts'
import { Locator, lineStarts, placeOf } from './parse/locate.ts'
import { readMessage } from './parse/read-message.ts'
import { readText } from './parse/read-text.ts'
import { readTree, type Tree } from './parse/yaml-tree.ts'
import type { PipelineSpec } from './pipeline-spec.ts'
import type { PipelineDocument, PlatformSpec } from './platform-spec.ts'

export interface ParseOptions {
  /** Name to show in the issues' locations. */
  readonly file?: string
}
export interface ParseResult {
  /** Present when no issue is an error. Mappings with free keys (tasks, components, ...) have no prototype. */
  readonly document?: PipelineDocument
  /** All problems, in the order of the text. */
  readonly issues: readonly Issue[]
}

/**
 * Reads YAML (one or two documents), JSON, or the Kubernetes manifests `Pipeline` and `PipelineVersion`. Never throws for what is
 * in the text; syntax, fields and meaning are checked in one go, each problem with its line and column.
 *
 * @example
 * const { document, issues } = parsePipelineDocument(await readFile('pipeline.yaml'), { file: 'pipeline.yaml' })
 * if (!document) throw new InvalidInputError(issues)
 */
export function parsePipelineDocument(text: string | Uint8Array, options: ParseOptions = {}): ParseResult {
  const general = new Findings()
  const source = readText(text, general)
  const tree = general.hasErrors ? undefined : readTree(source, general)
  if (!tree) return { issues: toIssues([{ findings: general }], source, undefined, options) }

  const sources = findSources(tree, general)
  const parts: Part[] = [{ findings: general }]
  const spec = readPart<PipelineSpec>(sources.spec, 'PipelineSpec', parts)
  const platform = readPart<PlatformSpec>(sources.platform, 'PlatformSpec', parts)
  if (spec) checkPipeline(spec.message, spec.findings, spec.source.path)
  if (platform) checkPlatform(platform.message, spec?.message, platform.findings, platform.source.path)

  const issues = toIssues(parts, tree.text, tree, options)
  if (!spec || parts.some(({ findings }) => findings.hasErrors)) return { issues }
  return { document: { spec: spec.message, ...(platform ? { platform: platform.message } : {}) }, issues }
}

interface Part {
  readonly findings: Findings
  readonly source?: Source
}

function readPart<T>(source: Source | undefined, name: string, parts: Part[]) {
  if (!source) return undefined
  const findings = new Findings()
  parts.push({ findings, source })
  // The reader returns what it could read; the checks below it expect gaps as long as there are findings.
  const message = readMessage(source.value, name, source.path, findings) as unknown as T
  return { message, findings, source }
}

function toIssues(parts: readonly Part[], text: string, tree: Tree | undefined, options: ParseOptions): Issue[] {
  if (parts.every(({ findings }) => findings.list.length === 0)) return []
  const starts = lineStarts(text)
  const placed: { readonly offset: number; readonly issue: Issue }[] = []
  let dropped = 0
  for (const { findings, source } of parts) {
    dropped += findings.dropped
    const offsetOf = placesOf(findings.list, source, tree)
    for (const finding of findings.list) {
      const offset = finding.offset ?? offsetOf(finding)
      placed.push({ offset, issue: toIssue(finding, { ...options, ...placeOf(starts, offset) }) })
    }
  }
  placed.sort((a, b) => a.offset - b.offset)
  const issues = placed.map(({ issue }) => issue)
  if (dropped > 0) issues.push(moreIssue(dropped, options))
  return issues
}

function placesOf(list: readonly Finding[], source: Source | undefined, tree: Tree | undefined) {
  if (!source || !tree) return () => 0
  const locator = new Locator(tree)
  for (const { path } of list) locator.want(path)
  locator.run(source.document.firstEvent)
  return ({ path }: Finding) => locator.offsetOf(path)
}

function toIssue({ code, severity, path, message, hint }: Finding, location: Required<Issue>['location']): Issue {
  return { code, severity, path: formatPath(path), message, ...(hint === undefined ? {} : { hint }), location }
}

function moreIssue(dropped: number, { file }: ParseOptions): Issue {
  return {
    code: 'too-many-issues',
    severity: 'warning',
    path: '',
    message: `${dropped} more problems are not shown`,
    hint: 'mend the first ones and check again',
    ...(file === undefined ? {} : { location: { file } }),
  }
}
