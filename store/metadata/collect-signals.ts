/** Looks at what triggers listen to and stores what is new as events, each once. Before: signals.ts. After: the carriers of schedules. */
import type { JsonValue } from '../../api/json.ts'
import type { ScheduleTrigger } from '../../api/scheduled-run.ts'
import type { Db, Metadata } from './database.ts'
import {
  insertSignals,
  KEPT_MILLIS,
  knownSignals,
  LATE_MILLIS,
  listeningSince,
  newestSignal,
  type StoredSignal,
  trimSignals,
} from './signals.ts'

/** A trigger as the engine names it. */
export interface ListeningTrigger {
  readonly key: string
  readonly spec: ScheduleTrigger
  /** Ends that `afterRun` waits for. */
  readonly states: readonly string[]
}

export interface SignalOwner {
  readonly id: string
  readonly namespace: string
  /** Triggers that are seen for the first time listen from here on. */
  readonly since: number
}

/** A run that ended. */
export interface EndedRun {
  readonly id: string
  readonly name: string
  readonly pipeline: string
  readonly schedule?: string | undefined
  readonly state: 'Succeeded' | 'Failed' | 'Canceled'
  readonly endedAt: number
}

/** What differs between a server and a cluster. */
export interface SignalSources {
  /** Runs that ended at `from` or later. */
  endedRuns(source: {
    readonly namespace: string
    readonly pipeline?: string | undefined
    readonly schedule?: string | undefined
    readonly states: readonly string[]
    readonly from: number
  }): Promise<readonly EndedRun[]>
  /** Outputs and dates of an ended run, for the macros. */
  detailsOf(namespace: string, run: EndedRun): Promise<Readonly<Record<string, JsonValue>>>
  /** Changes with the content of an object or file; undefined when there is none. */
  contentOf(uri: string): Promise<string | undefined>
}

/** Answers how many events were new. What a source refuses is told to `onTrouble`; the other triggers are looked at all the same. */
export async function collectSignals(
  metadata: Metadata,
  sources: SignalSources,
  owner: SignalOwner,
  triggers: readonly ListeningTrigger[],
  onTrouble: (trigger: ListeningTrigger, error: unknown) => void,
): Promise<number> {
  let collected = 0
  for (const trigger of triggers) {
    try {
      const since = await listeningSince(metadata.db, owner.id, trigger.key, owner.since)
      const newest = await newestSignal(metadata.db, owner.id, trigger.key)
      const look = { metadata, sources, owner, trigger, since, newest }
      const { afterRun, artifact, alias } = trigger.spec
      if (afterRun) collected += await lookAtRuns(look)
      else if (artifact?.uri !== undefined) collected += await lookAtContent(look, artifact.uri)
      else if (artifact) collected += await lookAtOutputs(look)
      else if (alias) collected += await lookAtAlias(look)
      if (newest && metadata.now() - newest.at > KEPT_MILLIS / 30)
        await trimSignals(metadata.db, owner.id, trigger.key, metadata.now())
    } catch (error) {
      onTrouble(trigger, error)
    }
  }
  return collected
}

interface Look {
  readonly metadata: Metadata
  readonly sources: SignalSources
  readonly owner: SignalOwner
  readonly trigger: ListeningTrigger
  readonly since: number
  readonly newest: StoredSignal | undefined
}

/** A record may come later than that of a run that ended after it: what is known already is not stored again. */
const fromOf = ({ since, newest }: Look): number => Math.max(since, (newest?.at ?? since) - LATE_MILLIS)

const timeText = (at: number): string => new Date(at).toISOString().replace('.000Z', 'Z')

async function store(look: Look, signals: readonly (StoredSignal & { outcome?: 'Unchanged' })[]): Promise<number> {
  if (signals.length === 0) return 0
  const { metadata, owner } = look
  return await metadata.transaction((db) => insertSignals(db, owner.id, signals, metadata.now()))
}

async function unknownOf<T>(look: Look, found: readonly T[], idOf: (item: T) => string): Promise<T[]> {
  const known = await knownSignals(look.metadata.db, look.owner.id, found.map(idOf))
  return found.filter((item) => !known.has(idOf(item)))
}

/** A run that is retried ends again, at another time: that is another event. */
async function lookAtRuns(look: Look): Promise<number> {
  const { owner, trigger, sources } = look
  const { pipeline, schedule } = trigger.spec.afterRun!
  const asked = { namespace: owner.namespace, pipeline, schedule, states: trigger.states, from: fromOf(look) }
  const idOf = (run: EndedRun) => `run:${run.id}@${run.endedAt}`
  const fresh = await unknownOf(look, await sources.endedRuns(asked), idOf)
  const signals: StoredSignal[] = []
  for (const run of fresh) {
    const values = {
      kind: 'afterRun',
      id: idOf(run),
      at: timeText(run.endedAt),
      run_id: run.id,
      run_name: run.name,
      pipeline: run.pipeline,
      state: run.state,
      ...(run.schedule === undefined ? {} : { schedule: run.schedule }),
      ...(await sources.detailsOf(owner.namespace, run)),
    }
    signals.push({ id: idOf(run), trigger: trigger.key, at: run.endedAt, values })
  }
  return await store(look, signals)
}

/** The first look only notes what is there; each later difference is an event, also back to an earlier content. */
async function lookAtContent(look: Look, uri: string): Promise<number> {
  const { trigger, newest, metadata, sources } = look
  const digest = await sources.contentOf(uri)
  const before = newest?.values['digest'] as string | undefined
  if (newest && (digest ?? '') === (before ?? '')) return 0
  const number = newest ? Number(newest.values['number']) + 1 : 0
  // A clock that jumps back must not make the newest event look old.
  const at = Math.max(metadata.now(), (newest?.at ?? 0) + 1)
  const id = `content:${number}:${digest ?? 'none'}`
  const values = {
    kind: 'artifact',
    id,
    at: timeText(at),
    uri,
    number,
    ...(digest === undefined ? {} : { digest }),
    ...(before ? { previous_digest: before } : {}),
  }
  // That something was removed is noted, but no run could work on it.
  const quiet = newest === undefined || digest === undefined
  return await store(look, [
    { id, trigger: trigger.key, at, values, ...(quiet ? { outcome: 'Unchanged' as const } : {}) },
  ])
}

async function lookAtOutputs(look: Look): Promise<number> {
  const { owner, trigger } = look
  const found = await outputsSince(look.metadata.db, owner.namespace, trigger.spec.artifact!, fromOf(look))
  const idOf = (row: FoundOutput) => `output:${row.artifact_id}:${row.digest ?? row.uri}`
  const fresh = await unknownOf(look, found, idOf)
  let last = look.newest?.values['digest'] as string | undefined
  const signals = fresh.map((row) => {
    const digest = row.digest ?? row.uri
    const values = {
      kind: 'artifact',
      id: idOf(row),
      at: timeText(Number(row.ended_at)),
      uri: row.uri,
      digest,
      pipeline: row.pipeline_name,
      run_id: row.pipeline_run_id,
      run_name: row.run_name,
      task: row.path.replace(/^root\//, ''),
      output: row.key,
      ...(last === undefined ? {} : { previous_digest: last }),
    }
    const same = digest === last
    last = digest
    const signal = { id: idOf(row), trigger: trigger.key, at: Number(row.ended_at), values }
    return same ? { ...signal, outcome: 'Unchanged' as const } : signal
  })
  return await store(look, signals)
}

type FoundOutput = Awaited<ReturnType<typeof outputsSince>>[number]

async function outputsSince(
  db: Db,
  namespace: string,
  artifact: NonNullable<ScheduleTrigger['artifact']>,
  from: number,
) {
  const { pipeline = '', output = '', task } = artifact
  const query = db
    .selectFrom('runs')
    .innerJoin('task_runs', 'task_runs.run_id', 'runs.run_id')
    .innerJoin('runs as whole', 'whole.run_id', 'task_runs.pipeline_run_id')
    .innerJoin('pipeline_runs', 'pipeline_runs.run_id', 'task_runs.pipeline_run_id')
    .innerJoin('artifact_uses', 'artifact_uses.task_run_id', 'task_runs.run_id')
    .innerJoin('artifacts', 'artifacts.artifact_id', 'artifact_uses.artifact_id')
    .select(['artifacts.artifact_id', 'artifacts.uri', 'artifacts.digest', 'artifact_uses.key'])
    .select(['task_runs.path', 'task_runs.pipeline_run_id', 'pipeline_runs.pipeline_name', 'whole.name as run_name'])
    .select('runs.end_time as ended_at')
    .where('runs.kind', '=', 'task')
    .where('runs.end_time', '>=', from)
    .where('runs.state', 'in', ['SUCCEEDED', 'CACHED'])
    .where('whole.namespace', '=', namespace)
    .where('pipeline_runs.pipeline_name', '=', pipeline)
    .where('artifact_uses.direction', '=', 'output')
    .where('artifact_uses.key', '=', output)
    .orderBy('runs.end_time')
    .orderBy('artifacts.artifact_id')
  return await (task === undefined ? query : query.where('task_runs.path', '=', `root/${task}`)).execute()
}

/** A model of the schedule's own namespace comes before one of the whole installation. */
async function registryOf(db: Db, namespace: string, model: string): Promise<string> {
  const own = await db
    .selectFrom('registered_models')
    .select('name')
    .where('namespace', '=', namespace)
    .where('name', '=', model)
    .executeTakeFirst()
  return own ? namespace : ''
}

/** Read from the registry's own numbered history: a change and its change back are two events. */
async function lookAtAlias(look: Look): Promise<number> {
  const { metadata, owner, trigger, since, newest } = look
  const { model, alias } = trigger.spec.alias!
  const query = metadata.db
    .selectFrom('registry_history')
    .selectAll()
    .where('namespace', '=', await registryOf(metadata.db, owner.namespace, model))
    .where('name', '=', model)
    .where('alias', '=', alias)
    .where('action', 'in', ['set-alias', 'rollback-alias'])
    .orderBy('seq')
  const seen = newest === undefined ? undefined : Number(newest.values['seq'])
  const lines = await (seen === undefined ? query.where('at', '>=', since) : query.where('seq', '>', seen)).execute()
  const signals = lines.map((line) => {
    const [seq, version, before] = [Number(line.seq), Number(line.version), line.previous_version]
    const values = {
      kind: 'alias',
      id: `alias:${seq}`,
      at: timeText(Number(line.at)),
      seq,
      model,
      alias,
      model_version: version,
      uri: `models:/${model}/${version}`,
      actor: line.actor,
      ...(before === null ? {} : { previous_version: Number(before) }),
      ...(line.run_id === null ? {} : { run_id: line.run_id }),
    }
    const signal = { id: `alias:${seq}`, trigger: trigger.key, at: Number(line.at), values }
    return before !== null && Number(before) === version ? { ...signal, outcome: 'Unchanged' as const } : signal
  })
  return await store(look, signals)
}
