/** Warnings about inputs of a schedule's pipeline that not all of its runs get. Before: reconcile-schedule.ts. */
import type { Issue } from '../../api/issue.ts'
import type { ParameterInputSpec } from '../../api/pipeline-spec.ts'
import type { KubeClient } from '../../client/kube/client.ts'
import { checkInputs } from '../../engine/schedule/check-inputs.ts'
import type { Schedule } from '../../engine/schedule/compile-schedule.ts'
import { createPipelineLoader } from '../load-pipeline.ts'
import { type ScheduledRun, templateSpec } from './schedule-objects.ts'

type Inputs = Readonly<Record<string, ParameterInputSpec>>

/** A Pipeline resource may get another version, of which the schedule hears nothing. */
const BELIEVED_MILLIS = 60_000
const MOST_KEPT = 1_000

/** The pipeline of a template is read once for each generation, one that is referred to at most once a minute. */
export function watchInputs(kube: KubeClient, now: () => number) {
  const kept = new Map<string, { readonly inputs: Inputs; readonly until: number }>()

  async function inputsOf({ metadata, spec }: ScheduledRun): Promise<Inputs> {
    const key = `${metadata.uid} ${metadata.generation}`
    const known = kept.get(key)
    if (known && known.until > now()) return known.inputs
    const inputs = await readInputs(kube, metadata.namespace ?? '', spec).catch(() => known?.inputs ?? {})
    if (kept.size >= MOST_KEPT) kept.clear()
    kept.set(key, { inputs, until: spec.runTemplate.pipelineRef ? now() + BELIEVED_MILLIS : Number.POSITIVE_INFINITY })
    return inputs
  }

  return async (object: ScheduledRun, schedule: Schedule): Promise<readonly Issue[]> =>
    schedule.triggers.length === 0
      ? []
      : checkInputs(await inputsOf(object), object.spec.runTemplate.parameters ?? {}, schedule)
}

/** Rejects for a pipeline that is missing or wrong: its runs tell. The loader is not kept, and so not the pipeline. */
async function readInputs(kube: KubeClient, namespace: string, spec: ScheduledRun['spec']): Promise<Inputs> {
  const { document } = await createPipelineLoader(kube).load(namespace, templateSpec(spec.runTemplate))
  return document.spec.root.inputDefinitions?.parameters ?? {}
}
