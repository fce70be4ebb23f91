/** Carries the engine's actions out by fakes, in virtual time; real TypeScript components as processes. */
import { join } from 'node:path'
import type { TaskOutputs } from '../../api/executor-io.ts'
import { describeWait, findReusable, type ReusableResults } from '../../engine/index.ts'
import type { Action, AttemptResult, CacheAnswer, Launch, RunEvent } from '../../engine/types.ts'
import { type RunPaths, runPaths } from '../../store/run-folder.ts'
import { runAttempt } from '../attempt.ts'
import type { ActionHandlers } from '../drive.ts'
import { importArtifact } from '../import-artifact.ts'
import { processRuntime } from '../process-runtime.ts'
import { stepKind } from '../step-kind.ts'
import { changeVolume } from '../volumes.ts'
import { type FakeWait, outputsOfFakeWait, type WaitForAction } from './fake-waits.ts'
import { type FakeCall, type FakeComponent, failureResult, outputsOfFake } from './fakes.ts'
import type { AttemptNote } from './test-run.ts'
import type { VirtualClock } from './virtual-clock.ts'

export interface TestExecutor {
  readonly put: (event: RunEvent) => void
  readonly take: () => RunEvent[]
  readonly perform: (actions: readonly Action[]) => void
  /** Lets those work who work, then time pass, until there is an event. @returns false when there never will be one */
  readonly waitForEvents: () => Promise<boolean>
  readonly notes: readonly AttemptNote[]
}

type StartAttempt = Extract<Action, { kind: 'start-attempt' }>

export interface Fakes {
  readonly components: Readonly<Record<string, FakeComponent>>
  readonly waits: Readonly<Record<string, FakeWait>>
}

export function makeTestExecutor(
  clock: VirtualClock,
  folder: string,
  fakes: Fakes,
  cache: Map<string, unknown> | undefined,
  reuse: ReusableResults | undefined,
): TestExecutor {
  const inbox = makeEventBox()
  const notes: AttemptNote[] = []
  const handlers = makeHandlers({ clock, folder, fakes, cache, reuse, inbox, notes, start: clock.now() })
  return {
    put: inbox.put,
    take: inbox.take,
    perform: (actions) => {
      for (const action of actions)
        (handlers[action.kind] as (action: Action, isResume: boolean) => void)(action, false)
    },
    waitForEvents: async () => {
      while (inbox.isEmpty()) {
        if (inbox.isBusy()) await inbox.change()
        else if (!clock.jump()) return false
      }
      return true
    },
    notes,
  }
}

interface Stage {
  readonly clock: VirtualClock
  readonly folder: string
  readonly fakes: Fakes
  readonly cache: Map<string, unknown> | undefined
  readonly reuse: ReusableResults | undefined
  readonly inbox: EventBox
  readonly notes: AttemptNote[]
  readonly start: number
}

function makeHandlers({ clock, folder, fakes, cache, reuse, inbox, notes, start }: Stage): ActionHandlers {
  const cancels = new Map<string, () => void>()
  const paths = runPaths(folder, 'test')
  let takeBackWake = () => {}
  return {
    'start-attempt': (action) => {
      const { task, attempt, launch } = action
      notes.push({ task, attempt, startedAfterMillis: clock.now() - start, ...inputsOf(launch) })
      inbox.put({ kind: 'attempt-started', task, attempt })
      const fake = fakeFor(fakes.components, action)
      const cancel = fake ? startFake(fake, action, clock, inbox) : startReal(action, paths, inbox)
      cancels.set(`${task}#${attempt}`, cancel)
    },
    'cancel-attempt': ({ task, attempt }) => {
      cancels.get(`${task}#${attempt}`)?.()
      inbox.put({ kind: 'attempt-finished', task, attempt, result: { outcome: 'canceled' } })
    },
    'import-artifact': ({ task, attempt, request }) =>
      finish(
        inbox,
        task,
        attempt,
        importArtifact(request, join(folder, 'workspace'), async () => undefined),
      ),
    'change-volume': ({ task, attempt, request }) =>
      finish(inbox, task, attempt, changeVolume(folder, 'test', task, request)),
    'wait-for': (action) => {
      const cancel = startFakeWait(fakes.waits, action, clock, inbox)
      cancels.set(`${action.task}#${action.attempt}`, cancel)
    },
    'find-reusable': ({ task, contentKey }) =>
      inbox.put({ kind: 'reuse-answered', task, answer: findReusable(reuse!, task, contentKey) }),
    'look-up-cache': ({ task, pipelineName, cacheKey }) => {
      const answer = cache?.get(`${pipelineName}/${cacheKey.key}`) as CacheAnswer | undefined
      inbox.put({
        kind: 'cache-answered',
        task,
        answer: answer ?? { hit: false, reason: 'no earlier result has this key' },
      })
    },
    'save-cache': ({ task, pipelineName, cacheKey, outputs }) => {
      const answer: CacheAnswer = { hit: true, outputs, sourceRunId: 'an earlier test run', sourceTask: task }
      cache?.set(`${pipelineName}/${cacheKey.key}`, answer)
    },
    'wake-at': ({ at }) => {
      takeBackWake()
      takeBackWake = clock.at(at, () => inbox.put({ kind: 'clock' }))
    },
  }
}

function finish(inbox: EventBox, task: string, attempt: number, work: Promise<AttemptResult>): void {
  const told = work
    .catch(failureResult)
    .then((result) => inbox.put({ kind: 'attempt-finished', task, attempt, result }))
  inbox.busyWhile(told)
}

function inputsOf({ executorInput }: Launch): Pick<AttemptNote, 'parameters' | 'artifacts'> {
  const artifacts = Object.entries(executorInput.inputs.artifacts ?? {}).map(
    ([name, list]) => [name, list.artifacts] as const,
  )
  return { parameters: executorInput.inputs.parameterValues ?? {}, artifacts: Object.fromEntries(artifacts) }
}

/** The nearest name wins: the task's path, its key, its display name, its component. */
function fakeFor(
  fakes: Readonly<Record<string, FakeComponent>>,
  { task, launch }: StartAttempt,
): FakeComponent | undefined {
  const names = [
    task,
    launch.taskKey,
    launch.displayName,
    launch.componentName,
    launch.componentName.replace(/^comp-/, ''),
  ]
  const name = names.find((candidate) => Object.hasOwn(fakes, candidate))
  return name === undefined ? undefined : fakes[name]
}

/** @returns a function that ends it early */
function startFake(fake: FakeComponent, action: StartAttempt, clock: VirtualClock, inbox: EventBox): () => void {
  const { task, attempt, launch } = action
  return runFake(action, clock, inbox, async (sleep) => {
    const call: FakeCall = { task, attempt, ...inputsOf(launch), now: clock.now, sleep, launch }
    return outputsOfFake(launch, (await fake(call)) ?? {})
  })
}

function startFakeWait(
  fakes: Readonly<Record<string, FakeWait>>,
  action: WaitForAction,
  clock: VirtualClock,
  inbox: EventBox,
): () => void {
  const { task, attempt, wait } = action
  const key = task.slice(task.lastIndexOf('/') + 1)
  const fake = fakes[task] ?? fakes[key]
  return runFake(action, clock, inbox, async (sleep) => {
    if (!fake) throw new Error(`${key} waits for ${describeWait(wait.request)}: say when ("waits: { '${key}': … }")`)
    return outputsOfFakeWait(
      action,
      (await fake({ task, attempt, request: wait.request, now: clock.now, sleep })) ?? {},
    )
  })
}

function runFake(
  { task, attempt }: { readonly task: string; readonly attempt: number },
  clock: VirtualClock,
  inbox: EventBox,
  work: (sleep: FakeCall['sleep']) => Promise<TaskOutputs>,
): () => void {
  const control = new AbortController()
  const sleep = (millis: number) =>
    new Promise<void>((resolve, reject) => {
      inbox.addBusy(-1)
      let isOver = false
      const end = (then: () => void) => {
        if (isOver) return
        isOver = true
        inbox.addBusy(1)
        then()
      }
      const takeBack = clock.at(clock.now() + millis, () => end(resolve))
      control.signal.addEventListener('abort', () => {
        takeBack()
        end(() => reject(control.signal.reason))
      })
    })
  const told = work(sleep)
    .then((outputs) => ({ outcome: 'succeeded' as const, outputs }), failureResult)
    .then((result) => {
      if (!control.signal.aborted) inbox.put({ kind: 'attempt-finished', task, attempt, result })
    })
  inbox.busyWhile(told)
  return () => control.abort(new Error('the attempt was canceled'))
}

function startReal(action: StartAttempt, paths: RunPaths, inbox: EventBox): () => void {
  const { task, attempt, launch } = action
  if (stepKind(launch.command, launch.args).kind !== 'node') {
    const message = `${launch.taskKey} is no TypeScript component: give it a fake ("components: { '${launch.taskKey}': … }")`
    inbox.put({ kind: 'attempt-finished', task, attempt, result: failureResult(new Error(message)) })
    return () => {}
  }
  const runtime = processRuntime({
    root: paths.root,
    hostEnv: process.env,
    nodePath: process.execPath,
    environments: async () => undefined,
    hostCommands: false,
    warn: () => undefined,
    mountNamespace: async () => undefined,
  })
  const handle = runAttempt(action, paths, runtime, false, () => undefined)
  const answer = handle.result.then((result) => {
    if (result) inbox.put({ kind: 'attempt-finished', task, attempt, result })
  })
  inbox.busyWhile(answer)
  return () => handle.cancel({ kind: 'canceled', reason: 'canceled' }, 0)
}

type EventBox = ReturnType<typeof makeEventBox>

/** Events on their way, and how many are at work who may still send some without time passing. */
function makeEventBox() {
  let events: RunEvent[] = []
  let busy = 0
  let announce = () => {}
  return {
    put: (event: RunEvent) => {
      events.push(event)
      announce()
    },
    take: () => {
      const taken = events
      events = []
      return taken
    },
    isEmpty: () => events.length === 0,
    isBusy: () => busy > 0,
    addBusy: (count: number) => {
      busy += count
      announce()
    },
    busyWhile: (work: Promise<unknown>) => {
      busy += 1
      void work.finally(() => {
        busy -= 1
        announce()
      })
    },
    change: () => new Promise<void>((resolve) => (announce = resolve)),
  }
}
