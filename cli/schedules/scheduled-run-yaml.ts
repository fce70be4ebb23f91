/** A pipeline with its schedule as a ScheduledRun resource. Before: `kfp-ts compile --schedule`. After: kubectl apply. */
import { stringify } from 'yaml'
import { InvalidInputError, type Issue } from '../../api/issue.ts'
import { parseScheduledRunSpec } from '../../api/parse-scheduled-run.ts'
import { API_GROUP, API_VERSION } from '../../api/pipeline-run.ts'
import type { PipelineDocument } from '../../api/platform-spec.ts'
import { type ScheduleOptions, scheduleSpecOf } from '../../api/schedule-options.ts'
import { checkInputs } from '../../engine/schedule/check-inputs.ts'
import { compileSchedule } from '../../engine/schedule/compile-schedule.ts'
import { backlogWarnings } from '../../engine/schedule/due-slots.ts'
import { checkMacros } from '../../engine/schedule/macros.ts'

/** @throws InvalidInputError with every mistake of the schedule */
export function scheduledRunYaml(
  name: string,
  options: ScheduleOptions,
  pipeline: { readonly document: PipelineDocument; readonly yaml: string },
  now: number,
): { text: string; warnings: readonly Issue[] } {
  const written = scheduleSpecOf(options)
  const parsed = parseScheduledRunSpec({
    ...written,
    runTemplate: { ...written.runTemplate, pipelineSpec: pipeline.yaml },
  })
  if (!parsed.spec) throw new InvalidInputError(parsed.issues)
  const { schedule, issues } = compileSchedule(name, parsed.spec, now)
  if (!schedule) throw new InvalidInputError(issues)
  const resource = {
    apiVersion: `${API_GROUP}/${API_VERSION}`,
    kind: 'ScheduledRun',
    metadata: { name },
    spec: parsed.spec,
  }
  const { parameters = {} } = parsed.spec.runTemplate
  const warnings = [
    ...issues,
    ...backlogWarnings(schedule, now),
    ...checkMacros(parameters, 'spec.runTemplate.parameters', schedule.triggers),
    ...checkInputs(pipeline.document.spec.root.inputDefinitions?.parameters ?? {}, parameters, schedule),
  ]
  return { text: stringify(resource, { lineWidth: 0, blockQuote: 'literal' }), warnings }
}
