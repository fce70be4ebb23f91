/** What triggers of ScheduledRuns listen to on a cluster: ends of runs by the operator's watch, the rest by looks at store and database. */
import { parse } from 'yaml'
import type { JsonValue } from '../../api/json.ts'
import { parseRfc3339 } from '../../api/rfc3339.ts'
import type { ScheduleTriggerStatus } from '../../api/scheduled-run.ts'
import type { KubeClient } from '../../client/kube/client.ts'
import { PIPELINE_RUNS } from '../../client/kube/resources.ts'
import { isNotFound } from '../../client/kube/transport.ts'
import type { Schedule } from '../../engine/schedule/compile-schedule.ts'
import type { SettledSignal, Signal } from '../../engine/schedule/schedule-state.ts'
import type { ScheduleNode } from '../../engine/schedule/triggers.ts'
import { collectSignals, type EndedRun, type SignalSources } from '../../store/metadata/collect-signals.ts'
import type { Metadata } from '../../store/metadata/database.ts'
import { datesForMacros, outputsOf, signalFingerprint } from '../../store/metadata/ended-runs.ts'
import { forgetSignals, openSignals, settleSignals, triggerStatuses } from '../../store/metadata/signals.ts'
import type { RunStore } from '../run-store.ts'
import type { PipelineRun, RunView } from '../run-view.ts'
import { intervalOfRun, type ScheduledRun } from './schedule-objects.ts'

/** Where the controller may look. */
export interface TriggerPorts {
  readonly metadata: Metadata
  readonly store: Pick<RunStore, 'find' | 'digestOf'>
  /** Runs of the cluster that are over, as the operator's watch knows them. */
  readonly endedRuns: () => Iterable<RunView>
  /** Resolves when `endedRuns` tells everything there is. */
  readonly synced: Promise<void>
}

export interface ScheduleTriggers {
  /** Events of the schedule that were not settled, after a look at what its triggers listen to. */
  collect(object: ScheduledRun, schedule: Schedule): Promise<Signal[]>
  settle(object: ScheduledRun, settled: readonly SettledSignal[]): Promise<void>
  statuses(object: ScheduledRun, schedule: Schedule): Promise<readonly ScheduleTriggerStatus[]>
  /** Wakes the schedule if it listens to the run. Resolves when the run's end is stored: then it may be deleted. */
  runEnded(view: RunView, object: ScheduledRun, schedule: Schedule): Promise<void>
  /** The schedule is gone. */
  forget(key: string): void
  stop(): void
}

export interface TriggerOptions extends TriggerPorts {
  readonly kube: KubeClient
  readonly now: () => number
  /** Looks at the schedule soon. */
  readonly wake: (key: string) => void
  readonly log: (level: 'warn', message: string, fields?: object) => void
}

/** How often the database is asked whether something happened. */
const LOOK_MILLIS = 1_000
/** How often places in the store are looked at. */
const POLL_MILLIS = 5_000

interface Listening {
  readonly object: ScheduledRun
  readonly schedule: Schedule
}

export function watchTriggers(options: TriggerOptions): ScheduleTriggers {
  const { metadata, now, wake, log } = options
  const listening = new Map<string, Listening>()
  const sources = clusterSources(options)
  let print = ''
  let polledAt = now()
  let looking = false

  /** Only while somebody listens: a cluster of plain schedules asks nothing. */
  async function look(): Promise<void> {
    if (looking || listening.size === 0) return
    looking = true
    try {
      const fresh = await signalFingerprint(metadata.db)
      const polls = now() - polledAt >= POLL_MILLIS
      if (polls) polledAt = now()
      for (const [key, { schedule }] of listening) {
        const looksAtStore = schedule.triggers.some(({ spec }) => spec.artifact?.uri !== undefined)
        if (fresh !== print || (polls && looksAtStore)) wake(key)
      }
      print = fresh
    } catch (error) {
      log('warn', `events of triggers could not be looked at: ${error instanceof Error ? error.message : error}`)
    } finally {
      looking = false
    }
  }
  const timer = setInterval(() => void look(), LOOK_MILLIS).unref()

  async function collect({ object, schedule }: Listening): Promise<void> {
    const { uid = '', namespace = '', generation, creationTimestamp } = object.metadata
    // Triggers that the schedule was created with listen from its creation, others from when they were added.
    const created = generation === 1 ? parseRfc3339(creationTimestamp ?? '') : undefined
    await options.synced
    await collectSignals(
      metadata,
      sources,
      { id: uid, namespace, since: created ?? now() },
      schedule.triggers,
      ({ spec }, error) =>
        log('warn', `a trigger could not look: ${error instanceof Error ? error.message : error}`, {
          schedule: keyOf(object),
          trigger: spec,
        }),
    )
  }

  return {
    async collect(object, schedule) {
      const key = keyOf(object)
      if (schedule.triggers.length === 0 && !listening.has(key)) return []
      if (schedule.triggers.length === 0) listening.delete(key)
      else {
        listening.set(key, { object, schedule })
        await collect({ object, schedule })
      }
      return await openSignals(metadata.db, object.metadata.uid ?? '')
    },
    settle: async ({ metadata: { uid = '' } }, settled) =>
      await metadata.transaction((db) => settleSignals(db, uid, settled, now())),
    statuses: async ({ metadata: { uid = '' } }, { triggers }) => await triggerStatuses(metadata.db, uid, triggers),
    async runEnded(view, object, schedule) {
      const run = endedRun(view)
      if (!run || object.metadata.namespace !== view.namespace) return
      if (!schedule.triggers.some(({ spec, states }) => fits(view, run, { ...spec.afterRun, states }))) return
      await collect({ object, schedule })
      wake(keyOf(object))
    },
    forget(key) {
      const uid = listening.get(key)?.object.metadata.uid
      listening.delete(key)
      if (uid)
        forgetSignals(metadata.db, uid).catch((error) =>
          log('warn', `events of a schedule that is gone could not be deleted: ${error}`, { schedule: key }),
        )
    },
    stop: () => clearInterval(timer),
  }
}

const keyOf = ({ metadata }: ScheduledRun): string => `${metadata.namespace}/${metadata.name}`

function endedRun(view: RunView): EndedRun | undefined {
  const { runId: id, name, phase, completedAt, schedule } = view
  if (phase !== 'Succeeded' && phase !== 'Failed' && phase !== 'Canceled') return undefined
  if (completedAt === undefined || view.retryCount > view.retriesDone) return undefined
  return { id, name, pipeline: view.pipelineName ?? view.pipeline ?? '', schedule, state: phase, endedAt: completedAt }
}

interface Asked {
  readonly pipeline?: string | undefined
  readonly schedule?: string | undefined
  readonly states: readonly string[]
}

function fits(view: RunView, run: EndedRun, { pipeline, schedule, states }: Asked): boolean {
  if (pipeline === undefined && schedule === undefined) return false
  const named = pipeline === undefined || pipeline === view.pipelineName || pipeline === view.pipeline
  return named && (schedule === undefined || schedule === run.schedule) && states.includes(run.state)
}

function clusterSources({ kube, metadata, store, endedRuns }: TriggerOptions): SignalSources {
  const digests = new Map<string, { readonly etag: string; readonly digest: string }>()
  return {
    endedRuns: async ({ namespace, from, ...asked }) => {
      const found: EndedRun[] = []
      for (const view of endedRuns()) {
        const run = view.namespace === namespace ? endedRun(view) : undefined
        if (run && run.endedAt >= from && fits(view, run, asked)) found.push(run)
      }
      return found.sort((a, b) => a.endedAt - b.endedAt)
    },
    detailsOf: async (namespace, run) => await detailsOf(kube, metadata, namespace, run),
    contentOf: async (uri) => {
      const found = await store.find(uri)
      if (!found) return undefined
      if ('refused' in found) throw new Error(`${uri} can't be looked at: ${found.refused}`)
      const known = digests.get(uri)
      if (known?.etag === found.etag) return known.digest
      const digest = (await store.digestOf(uri)) ?? found.etag
      digests.set(uri, { etag: found.etag, digest })
      return digest
    },
  }
}

/** Large outputs are not in the resource, and the resource may be gone: the record has them. */
async function detailsOf(
  kube: KubeClient,
  { db }: Metadata,
  namespace: string,
  run: EndedRun,
): Promise<Readonly<Record<string, JsonValue>>> {
  try {
    const { metadata, status } = await kube.get<PipelineRun>(PIPELINE_RUNS, namespace, run.name)
    const outputs = status?.outputs ? { outputs: status.outputs as JsonValue } : await outputsOf(db, run.id)
    const { logicalDate, interval } = intervalOfRun(metadata)
    return { ...outputs, ...datesForMacros(logicalDate, interval) }
  } catch (error) {
    if (!isNotFound(error)) throw error
    return await outputsOf(db, run.id)
  }
}

const pipelineNames = new WeakMap<object, string | undefined>()

/** A schedule as the search for loops sees it. */
export function nodeOf({ metadata, spec }: ScheduledRun): ScheduleNode {
  return { name: metadata.name, pipeline: pipelineNameOf(spec.runTemplate ?? {}), triggers: spec.triggers }
}

function pipelineNameOf(template: ScheduledRun['spec']['runTemplate']): string | undefined {
  if (!pipelineNames.has(template)) pipelineNames.set(template, readPipelineName(template))
  return pipelineNames.get(template)
}

function readPipelineName({ pipelineRef, pipelineSpec }: ScheduledRun['spec']['runTemplate']): string | undefined {
  if (pipelineRef) return pipelineRef.name
  try {
    // A second document is the platform's.
    const text = typeof pipelineSpec === 'string' ? pipelineSpec.split(/^---$/m)[0]! : ''
    const document = (typeof pipelineSpec === 'string' ? parse(text) : pipelineSpec) as {
      pipelineInfo?: { name?: string }
    } | null
    return document?.pipelineInfo?.name
  } catch {
    // Its runs will tell what is wrong with it.
    return undefined
  }
}
