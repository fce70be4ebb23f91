/** What makes runs besides the clock: a spec's triggers checked and named, and loops among schedules found. Pure. After: signals.ts. */
import type { Issue } from '../../api/issue.ts'
import type { ScheduledRunSpec, ScheduleTrigger, TriggerState } from '../../api/scheduled-run.ts'
import { shortHash } from './run-names.ts'

export const TRIGGER_KINDS = ['afterRun', 'artifact', 'alias', 'webhook'] as const
export type TriggerKind = (typeof TRIGGER_KINDS)[number]

/** A checked trigger. */
export interface Trigger {
  /** In macros and in the status. */
  readonly name: string
  /** What it listens to, as an identity: events are remembered under it, whatever the trigger is called. */
  readonly key: string
  readonly kind: TriggerKind
  /** What it listens to, for people. */
  readonly source: string
  readonly spec: ScheduleTrigger
  /** Ends that `afterRun` waits for. */
  readonly states: readonly TriggerState[]
}

/** The kind of a trigger that has exactly one. */
export function triggerKindOf(trigger: ScheduleTrigger): TriggerKind | undefined {
  const kinds = TRIGGER_KINDS.filter((kind) => trigger[kind] !== undefined)
  return kinds.length === 1 ? kinds[0] : undefined
}

/** Ends of a run that an `afterRun` trigger waits for. */
function statesOf({ afterRun }: ScheduleTrigger): readonly TriggerState[] {
  const states = afterRun?.states ?? ['Succeeded']
  return states.includes('Any') ? ['Canceled', 'Failed', 'Succeeded'] : [...states].sort()
}

export function compileTriggers(spec: ScheduledRunSpec, issues: Issue[]): Trigger[] {
  const triggers: Trigger[] = []
  for (const [index, trigger] of (spec.triggers ?? []).entries()) {
    const path = `spec.triggers[${index}]`
    const problems = checkTrigger(trigger, path)
    issues.push(...problems)
    const kind = triggerKindOf(trigger)
    if (problems.length > 0 || kind === undefined) continue
    const key = keyOf(kind, trigger)
    const same = triggers.find((one) => one.key === key)
    if (same) issues.push(fail('same-trigger', path, `it listens to the same as trigger "${same.name}"`, 'remove one'))
    const name = trigger.name ?? freeName(kind, [...triggers, ...(spec.triggers ?? [])])
    if (triggers.some((one) => one.name === name))
      issues.push(fail('same-name', `${path}.name`, `another trigger is called "${name}"`, 'choose another name'))
    triggers.push({ name, key, kind, source: sourceOf(kind, trigger), spec: trigger, states: statesOf(trigger) })
  }
  if (spec.triggerPolicy === 'All' && (spec.triggers?.length ?? 0) < 2)
    issues.push({
      code: 'all-of-one',
      severity: 'warning',
      path: 'spec.triggerPolicy',
      message: 'All waits for every trigger, but there are not two',
      hint: 'remove triggerPolicy, or add a trigger',
    })
  return triggers
}

function fail(code: string, path: string, message: string, hint: string): Issue {
  return { code, severity: 'error', path, message, hint }
}

function checkTrigger(trigger: ScheduleTrigger, path: string): Issue[] {
  if (triggerKindOf(trigger) === undefined) {
    const kinds = TRIGGER_KINDS.join(', ')
    return [fail('one-trigger', path, `a trigger has exactly one of ${kinds}`, 'write one list entry for each')]
  }
  const { afterRun, artifact } = trigger
  if (afterRun && (afterRun.pipeline === undefined) === (afterRun.schedule === undefined)) {
    const message = 'afterRun names exactly one of pipeline and schedule'
    return [fail('one-source', `${path}.afterRun`, message, 'write for example afterRun: {pipeline: training}')]
  }
  if (!artifact) return []
  const { uri, pipeline, output, task } = artifact
  const ofStore = uri !== undefined && pipeline === undefined && output === undefined && task === undefined
  const ofPipeline = uri === undefined && pipeline !== undefined && output !== undefined
  if (ofStore && !/^(\/|(s3|minio|file):)/.test(uri)) {
    const message = `"${uri}" is neither an absolute path nor the URI of an object`
    return [fail('no-place', `${path}.artifact.uri`, message, 'write /data/new.csv or s3://bucket/new.csv')]
  }
  if (ofStore || ofPipeline) return []
  const hint = 'write {uri: s3://bucket/data.csv} or {pipeline: training, output: model}'
  return [fail('one-source', `${path}.artifact`, 'artifact names a uri, or pipeline and output', hint)]
}

function freeName(kind: string, taken: readonly { readonly name?: string }[]): string {
  const names = new Set(taken.map(({ name }) => name))
  for (let number = 1; ; number += 1) {
    const name = number === 1 ? kind : `${kind}_${number}`
    if (!names.has(name)) return name
  }
}

function keyOf(kind: TriggerKind, trigger: ScheduleTrigger): string {
  const { afterRun, artifact, alias } = trigger
  // States belong to it: another choice must not make runs of ends that were passed over long ago.
  const parts = afterRun
    ? [afterRun.pipeline ?? null, afterRun.schedule ?? null, ...statesOf(trigger)]
    : artifact
      ? [artifact.uri ?? null, artifact.pipeline ?? null, artifact.task ?? null, artifact.output ?? null]
      : [alias?.model ?? null, alias?.alias ?? null]
  return kind === 'webhook' ? kind : `${kind}-${shortHash(JSON.stringify(parts))}`
}

function sourceOf(kind: TriggerKind, trigger: ScheduleTrigger): string {
  const { afterRun, artifact, alias } = trigger
  if (afterRun) {
    const of = afterRun.pipeline === undefined ? `schedule ${afterRun.schedule}` : `pipeline ${afterRun.pipeline}`
    const states = statesOf(trigger)
    const ended = states.length === 3 ? 'has ended' : `is ${states.join(' or ')}`
    return `a run of ${of} ${ended}`
  }
  if (artifact?.uri !== undefined) return `${artifact.uri} has new content`
  if (artifact) {
    const output = artifact.task === undefined ? artifact.output : `${artifact.task}.${artifact.output}`
    return `output ${output} of pipeline ${artifact.pipeline} has new content`
  }
  if (alias) return `alias ${alias.alias} of model ${alias.model} names another version`
  return kind === 'webhook' ? 'the webhook is called' : kind
}

/** A schedule as the search for loops sees it. */
export interface ScheduleNode {
  readonly name: string
  /** Name of the pipeline that it runs, where that is known. */
  readonly pipeline?: string | undefined
  readonly triggers?: readonly ScheduleTrigger[] | undefined
}

/**
 * A way from the schedule back to itself along `afterRun` and artifacts of pipelines, as names, or undefined. Such a loop would
 * make runs for ever.
 *
 * @example
 * findTriggerLoop(a, [a, b]) // ['a', 'b', 'a']: a runs after b, b runs after a
 */
export function findTriggerLoop(start: ScheduleNode, all: readonly ScheduleNode[]): string[] | undefined {
  const nodes = [start, ...all.filter(({ name }) => name !== start.name)]
  const cameFrom = new Map<string, string>()
  const queue = [start]
  for (const node of queue) {
    for (const next of nodes.filter((candidate) => listensTo(node, candidate))) {
      if (next.name === start.name) return [...wayTo(node.name, start.name, cameFrom), start.name]
      if (cameFrom.has(next.name)) continue
      cameFrom.set(next.name, node.name)
      queue.push(next)
    }
  }
  return undefined
}

function listensTo(node: ScheduleNode, other: ScheduleNode): boolean {
  return (node.triggers ?? []).some(({ afterRun, artifact }) => {
    const pipeline = afterRun?.pipeline ?? artifact?.pipeline
    return (
      (afterRun?.schedule !== undefined && afterRun.schedule === other.name) ||
      (pipeline !== undefined && pipeline === other.pipeline)
    )
  })
}

function wayTo(name: string, start: string, cameFrom: ReadonlyMap<string, string>): string[] {
  const way = [name]
  while (way[0] !== start) way.unshift(cameFrom.get(way[0]!)!)
  return way
}

/** The error that both carriers answer a loop with. */
export function loopIssue(way: readonly string[]): Issue {
  const told = way.length === 2 ? `${way[0]} runs after itself` : way.join(' runs after ')
  const message = `the triggers form a loop that would never end: ${told}`
  return fail('trigger-loop', 'spec.triggers', message, 'take one of these triggers out')
}
