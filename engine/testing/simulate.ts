/** Runs pipelines in virtual time against a made-up executor, orderly or with everything going wrong that may. For tests. */
import type { JsonValue } from '../../api/json.ts'
import type { PipelineDocument } from '../../api/platform-spec.ts'
import type { RunReport } from '../../api/run-report.ts'
import {
  advance,
  begin,
  findReusable,
  isFinished,
  type Program,
  pendingActions,
  prepare,
  type ReusableResults,
  type RunState,
  report,
} from '../index.ts'
import type { Action, AttemptResult, CacheAnswer, Instant, JournalRecord, RunConfig, RunEvent } from '../types.ts'

export type AttemptAction = Extract<
  Action,
  { kind: 'start-attempt' | 'import-artifact' | 'change-volume' | 'wait-for' }
>

/** What a made-up step does. The same call must always give the same answer. */
export interface StepEnd {
  readonly result: AttemptResult
  /** @default 1000 */
  readonly durationMillis?: number
}

/** Probabilities of trouble, between 0 and 1. */
export interface Trouble {
  readonly random: () => number
  /** Events arrive in any order. */
  readonly shuffles: boolean
  readonly duplicates: number
  /** An event never arrives, until a restart asks again. */
  readonly losses: number
  /** The engine's process ends after an event: the state is rebuilt from the journal. */
  readonly crashes: number
}

export interface SimulationOptions {
  readonly arguments?: Readonly<Record<string, JsonValue>>
  readonly config?: Partial<RunConfig>
  /** @default succeeds with outputs made up by type */
  readonly behave?: (action: AttemptAction) => StepEnd
  readonly cache?: (key: string) => CacheAnswer
  /** Of an earlier run. */
  readonly reuse?: ReusableResults
  readonly trouble?: Trouble
  /** Events from outside, by time. */
  readonly interventions?: readonly { readonly at: Instant; readonly event: RunEvent }[]
  /** @default 100_000 */
  readonly maxEvents?: number
}

export interface Simulation {
  readonly program: Program
  readonly state: RunState
  readonly report: RunReport
  readonly actions: readonly Action[]
  readonly journal: readonly JournalRecord[]
  /** Virtual time at the end. */
  readonly now: Instant
  /** Most attempts that were in flight at once. */
  readonly mostInFlight: number
}

/** @throws Error when the run breaks a promise: it does not end, an attempt changes its content, a replay gives another state */
export function simulate(document: PipelineDocument, options: SimulationOptions = {}): Simulation {
  const simulator = new Simulator(prepare(document), options)
  simulator.run()
  return simulator.result()
}

export const TEST_CONFIG: RunConfig = {
  runId: 'run-1',
  runName: 'run one',
  resourceName: 'pipeline-run-1',
  arguments: {},
  pipelineRoot: '/artifacts',
  scratchRoot: '/scratch',
  createTime: 0,
}

interface Pending {
  readonly at: Instant
  readonly order: number
  readonly event: RunEvent
}

class Simulator {
  private readonly program: Program
  private readonly options: SimulationOptions
  private readonly config: RunConfig
  private state: RunState
  private now = 0
  private order = 0
  private pending: Pending[] = []
  private wakeAt: Instant | undefined
  private readonly actions: Action[] = []
  private readonly journal: JournalRecord[] = []
  /** Content of each attempt, and how it ends: what happens in the world does not depend on the engine's memory. */
  private readonly attempts = new Map<
    string,
    { readonly content: string; readonly end: StepEnd; readonly endsAt: Instant; canceled: boolean }
  >()
  private readonly running = new Set<string>()
  private mostInFlight = 0

  constructor(program: Program, options: SimulationOptions) {
    this.program = program
    this.options = options
    this.config = { ...TEST_CONFIG, arguments: options.arguments ?? {}, ...reuseOf(options), ...options.config }
    this.state = begin(program, this.config)
  }

  run(): void {
    this.send({ kind: 'started' }, 0)
    for (const { at, event } of this.options.interventions ?? []) this.send(event, at)
    const limit = this.options.maxEvents ?? 100_000
    for (let count = 0; !this.isOver(); count++) {
      if (count > limit) throw new Error(`the run does not end within ${limit} events`)
      const event = this.next()
      if (event) this.deliver(event)
      else if (this.options.trouble) this.restart()
      else throw new Error('the run waits for nothing')
    }
  }

  result(): Simulation {
    this.checkEnd()
    const { program, state, actions, journal, now, mostInFlight } = this
    return { program, state, report: report(program, state), actions, journal, now, mostInFlight }
  }

  private isOver(): boolean {
    return isFinished(this.state) && !this.pending.some(({ event }) => event.kind === 'retry-requested')
  }

  private send(event: RunEvent, at: Instant): void {
    this.pending.push({ at, order: this.order++, event })
  }

  private next(): RunEvent | undefined {
    const { trouble } = this.options
    if (this.pending.length === 0) {
      if (this.wakeAt === undefined) return undefined
      this.now = Math.max(this.now, this.wakeAt)
      this.wakeAt = undefined
      return { kind: 'clock' }
    }
    const index = trouble?.shuffles ? Math.floor(trouble.random() * this.pending.length) : this.earliest()
    const [chosen] = this.pending.splice(index, 1)
    if (this.wakeAt !== undefined && this.wakeAt < chosen!.at && !trouble?.shuffles) {
      this.pending.push(chosen!)
      this.now = Math.max(this.now, this.wakeAt)
      this.wakeAt = undefined
      return { kind: 'clock' }
    }
    this.now = Math.max(this.now, chosen!.at)
    if (trouble && trouble.random() < trouble.duplicates) this.pending.push(chosen!)
    return chosen!.event
  }

  private earliest(): number {
    let best = 0
    this.pending.forEach((item, index) => {
      const other = this.pending[best]!
      if (item.at < other.at || (item.at === other.at && item.order < other.order)) best = index
    })
    return best
  }

  private deliver(event: RunEvent): void {
    const { trouble } = this.options
    const isFromOutside =
      event.kind === 'started' || event.kind === 'cancel-requested' || event.kind === 'retry-requested'
    if (trouble && !isFromOutside && trouble.random() < trouble.losses) return
    this.journal.push({ at: this.now, event: throughJson(event) })
    const step = advance(this.program, this.state, event, this.now)
    this.state = step.state
    if (event.kind === 'attempt-finished') this.running.delete(keyOf(event))
    if (trouble && trouble.random() < trouble.crashes) this.restart()
    else for (const action of step.actions) this.carryOut(action)
  }

  /** A new process: the state comes from the journal, and what is owed is asked for again. */
  private restart(): void {
    const before = JSON.stringify(this.state)
    this.state = replay(this.program, this.config, this.journal)
    if (JSON.stringify(this.state) !== before) throw new Error('the replayed journal gives another state')
    this.wakeAt = undefined
    // What the old process had heard and not written down is gone, but for a little that arrives late.
    const { random } = this.options.trouble ?? { random: () => 0 }
    this.pending = this.pending.filter(({ event }) => isFromOutside(event) || random() < 0.1)
    for (const action of pendingActions(this.program, this.state, this.now)) this.carryOut(action)
  }

  private carryOut(action: Action): void {
    this.actions.push(action)
    switch (action.kind) {
      case 'look-up-cache': {
        const answer = this.options.cache?.(action.cacheKey.key) ?? { hit: false, reason: 'there is no such result' }
        this.send({ kind: 'cache-answered', task: action.task, answer }, this.now)
        break
      }
      case 'find-reusable': {
        const answer = findReusable(this.options.reuse!, action.task, action.contentKey)
        this.send({ kind: 'reuse-answered', task: action.task, answer }, this.now)
        break
      }
      case 'save-cache':
        break
      case 'wake-at':
        this.wakeAt = action.at
        break
      case 'cancel-attempt':
        this.cancel(action)
        break
      default:
        this.start(action)
    }
  }

  private start(action: AttemptAction): void {
    const { task, attempt } = action
    const content = JSON.stringify(action)
    const known = this.attempts.get(keyOf(action))
    if (known && known.content !== content) throw new Error(`attempt ${keyOf(action)} was started with another content`)
    const end = known?.end ?? (this.options.behave ?? succeed)(action)
    const endsAt = known?.endsAt ?? this.now + (end.durationMillis ?? 1000)
    if (!known) this.attempts.set(keyOf(action), { content, end, endsAt, canceled: false })
    if (action.kind === 'start-attempt') this.running.add(keyOf(action))
    this.mostInFlight = Math.max(this.mostInFlight, this.running.size)
    if (known?.canceled) return
    // An executor that finds its attempt again goes on watching it; it does not always say once more that it started.
    const saysStarted = !known || (this.options.trouble?.random() ?? 1) < 0.3
    if (saysStarted) this.send({ kind: 'attempt-started', task, attempt }, this.now)
    this.send({ kind: 'attempt-finished', task, attempt, result: end.result }, Math.max(this.now, endsAt))
  }

  private cancel({ task, attempt }: Extract<Action, { kind: 'cancel-attempt' }>): void {
    const known = this.attempts.get(keyOf({ task, attempt }))
    if (!known) throw new Error(`cancel of ${task}#${attempt}, which was never started`)
    known.canceled = true
    this.pending = this.pending.filter(
      ({ event }) => event.kind !== 'attempt-finished' || event.task !== task || event.attempt !== attempt,
    )
    this.send({ kind: 'attempt-finished', task, attempt, result: { outcome: 'canceled' } }, this.now)
  }

  private checkEnd(): void {
    const { state } = this
    const open = Object.entries(state.tasks).filter(([, node]) => node.phase !== undefined)
    if (open.length > 0) throw new Error(`the run is over, but not ${open.map(([path]) => path).join(', ')}`)
    if (state.inFlight !== 0) throw new Error(`the run is over with ${state.inFlight} attempts in flight`)
    if (JSON.stringify(replay(this.program, this.config, this.journal)) !== JSON.stringify(state))
      throw new Error('the replayed journal gives another final state')
    const again = advance(this.program, state, { kind: 'clock' }, this.now)
    if (again.actions.length > 0) throw new Error('a finished run wants something')
  }
}

export function replay(program: Program, config: RunConfig, journal: readonly JournalRecord[]): RunState {
  let state = begin(program, config)
  for (const { at, event } of journal) state = advance(program, state, throughJson(event), at).state
  return state
}

function reuseOf({ reuse }: SimulationOptions): Pick<RunConfig, 'reuse'> {
  return reuse ? { reuse: { runId: reuse.runId, runName: reuse.runName } } : {}
}

/** As a journal would: written and read again. */
function throughJson(event: RunEvent): RunEvent {
  return JSON.parse(JSON.stringify(event)) as RunEvent
}

function isFromOutside({ kind }: RunEvent): boolean {
  return kind === 'started' || kind === 'cancel-requested' || kind === 'retry-requested'
}

const keyOf = ({ task, attempt }: { readonly task: string; readonly attempt: number }) => `${task}#${attempt}`

/** Succeeds with outputs made up by their types. */
export function succeed(action: AttemptAction): StepEnd {
  return {
    result: { outcome: 'succeeded', outputs: { parameters: madeUp(action), artifacts: writtenArtifacts(action) } },
  }
}

function madeUp(action: AttemptAction): Record<string, JsonValue> {
  if (action.kind === 'wait-for')
    return Object.fromEntries(action.wait.outputs.parameters.map((name) => [name, 'seen']))
  if (action.kind === 'change-volume') return action.request.operation === 'create' ? { name: 'claim' } : {}
  if (action.kind === 'import-artifact') return {}
  const values = {
    STRING: 'text',
    NUMBER_INTEGER: 1,
    NUMBER_DOUBLE: 1.5,
    BOOLEAN: true,
    LIST: ['1', '2'],
    STRUCT: { a: 1 },
  }
  const declared = Object.entries(action.launch.outputs.parameters)
  return Object.fromEntries(
    declared.map(([name, { parameterType }]) => [name, (values as Record<string, JsonValue>)[parameterType] ?? {}]),
  )
}

/** Every declared artifact, where it was meant to be. */
export function writtenArtifacts(action: AttemptAction) {
  if (action.kind === 'import-artifact') {
    const { outputName: name, type, uri, metadata } = action.request
    return { [name]: [{ name, type, uri, metadata }] }
  }
  if (action.kind === 'change-volume' || action.kind === 'wait-for') return {}
  const declared = action.launch.executorInput.outputs.artifacts ?? {}
  return Object.fromEntries(Object.entries(declared).map(([name, { artifacts }]) => [name, artifacts]))
}

/** A step that fails of a cause. */
export function failWith(
  cause: 'application' | 'preempted' | 'oom' | 'infrastructure',
  message = 'it failed',
): StepEnd {
  return { result: { outcome: 'failed', failure: { cause, message } } }
}
