/** Checks the platform document against the pipeline that it belongs to. Nothing here stops a run: all are warnings. */
import { abbreviate, type Findings, type Path, suggest } from '../parse/findings.ts'
import type { PipelineSpec } from '../pipeline-spec.ts'
import type { PlatformSpec } from '../platform-spec.ts'

export function checkPlatform(
  platform: PlatformSpec,
  spec: PipelineSpec | undefined,
  findings: Findings,
  basePath: Path,
): void {
  const labels = Object.keys(spec?.deploymentSpec?.executors ?? {})
  const known = new Set(labels)
  const settings = platform.platforms?.kubernetes?.deploymentSpec?.executors ?? {}
  for (const label of Object.keys(settings)) {
    if (spec === undefined || known.has(label)) continue
    const path = [...basePath, 'platforms', 'kubernetes', 'deploymentSpec', 'executors', label]
    const message = `the settings are for an executor "${abbreviate(label)}" that the pipeline does not have`
    findings.warn('unknown-executor', path, message, suggest(label, labels, 'known executors'))
  }
}
