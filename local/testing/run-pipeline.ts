/** Runs a pipeline in a test: the engine decides, fakes answer, time is virtual. */
import { join } from 'node:path'
import { closest } from '../../api/closest.ts'
import { InvalidInputError, type Issue } from '../../api/issue.ts'
import type { JsonValue } from '../../api/json.ts'
import type { PipelineDocument } from '../../api/platform-spec.ts'
import { compile } from '../../compiler/compile.ts'
import type { AnyPipeline } from '../../dsl/pipeline.ts'
import {
  advance,
  begin,
  checkArguments,
  isFinished,
  pendingActions,
  prepare,
  type ReusableResults,
  report,
  reusableResults,
} from '../../engine/index.ts'
import type { Action, RunConfig } from '../../engine/types.ts'
import type { FakeWait } from './fake-waits.ts'
import type { FakeComponent } from './fakes.ts'
import { makeTestExecutor } from './test-executor.ts'
import { makeTestFolder } from './test-folders.ts'
import { makeTestRun, type TestRun } from './test-run.ts'
import { makeVirtualClock } from './virtual-clock.ts'

export interface TestOptions {
  readonly arguments?: Readonly<Record<string, JsonValue>>
  /**
   * Fakes by the name of a task or component. TypeScript components without one run for real, as processes (time stands
   * still meanwhile); any other component must have one.
   */
  readonly components?: Readonly<Record<string, FakeComponent>>
  /** What ends the waits of `waitFor`, by the name of a task. Waits for a time need none: time is virtual. */
  readonly waits?: Readonly<Record<string, FakeWait>>
  /** Results that outlive a run: give the same map to two runs to test caching. @default no caching */
  readonly cache?: Map<string, unknown>
  /** An earlier run in this test: steps that finished in it and are what they were are not run again, as `--reuse` does. */
  readonly reuse?: TestRun
  readonly parallelism?: number
  readonly timeoutMillis?: number
  readonly retries?: RunConfig['retries']
  /** Virtual time at which the run starts, epoch milliseconds. @default 2026-01-01T00:00:00Z */
  readonly startTime?: number
  /** Cancels the run when virtual time has come this far. */
  readonly cancelAfterMillis?: number
}

/** What a later run may reuse of a run, worked out when it is asked for. */
const endedRuns = new WeakMap<TestRun, () => ReusableResults>()

const reuseConfig = (reuse: ReusableResults | undefined): Pick<RunConfig, 'reuse'> =>
  reuse ? { reuse: { runId: reuse.runId, runName: reuse.runName } } : {}

const START_TIME = Date.UTC(2026, 0, 1)

/**
 * Runs a pipeline to its end.
 *
 * @throws InvalidInputError for mistakes in the pipeline, its arguments, or names of fakes that fit nothing
 * @example
 * const run = await runPipeline(training, {
 *   arguments: { epochs: 3 },
 *   components: { train: ({ attempt }) => { if (attempt === 1) throw new StepFailure('oom'); return { loss: 0.1 } } },
 * })
 * expect(run.task('train').attempts).toBe(2)
 */
export async function runPipeline(
  pipeline: AnyPipeline | PipelineDocument,
  options: TestOptions = {},
): Promise<TestRun> {
  const document = await documentOf(pipeline)
  const program = prepare(document)
  const args = options.arguments ?? {}
  refuse([...checkArguments(program, args), ...checkFakes(document, { ...options.components, ...options.waits })])
  const folder = makeTestFolder()
  const start = options.startTime ?? START_TIME
  const clock = makeVirtualClock(start)
  const reuse = options.reuse && endedRuns.get(options.reuse)?.()
  const fakes = { components: options.components ?? {}, waits: options.waits ?? {} }
  const executor = makeTestExecutor(clock, folder, fakes, options.cache, reuse)
  if (options.cancelAfterMillis !== undefined) {
    clock.at(start + options.cancelAfterMillis, () =>
      executor.put({ kind: 'cancel-requested', reason: 'the test asked for it' }),
    )
  }
  let state = begin(program, { ...configOf(document, args, folder, start, options), ...reuseConfig(reuse) })
  executor.put({ kind: 'started' })
  executor.perform(pendingActions(program, state, clock.now()))
  while (!isFinished(state)) {
    const actions: Action[] = []
    for (const event of executor.take()) {
      const step = advance(program, state, event, clock.now())
      state = step.state
      actions.push(...step.actions)
    }
    executor.perform(actions)
    if (!isFinished(state) && !(await executor.waitForEvents())) {
      throw new Error(`the run is stuck at ${new Date(clock.now()).toISOString()}: nothing runs and nothing is due`)
    }
  }
  const run = makeTestRun(report(program, state), executor.notes, clock.now() - start)
  endedRuns.set(run, () => reusableResults(program, state))
  return run
}

function configOf(
  document: PipelineDocument,
  args: Readonly<Record<string, JsonValue>>,
  folder: string,
  createTime: number,
  options: TestOptions,
): RunConfig {
  const runId = `${document.spec.pipelineInfo.name}-test`
  return {
    ...{ runId, runName: runId, resourceName: runId, arguments: args, createTime },
    pipelineRoot: join(folder, 'artifacts'),
    scratchRoot: join(folder, 'scratch'),
    workspacePath: join(folder, 'workspace'),
    cache: options.cache !== undefined,
    ...(options.parallelism === undefined ? {} : { parallelism: options.parallelism }),
    ...(options.timeoutMillis === undefined ? {} : { timeoutMillis: options.timeoutMillis }),
    ...(options.retries === undefined ? {} : { retries: options.retries }),
  }
}

async function documentOf(pipeline: AnyPipeline | PipelineDocument): Promise<PipelineDocument> {
  if ('spec' in pipeline) return pipeline
  const { document, issues } = await compile(pipeline)
  if (!document) throw new InvalidInputError(issues)
  return document
}

/** A misspelt fake would silently run the real thing. */
function checkFakes(document: PipelineDocument, fakes: Readonly<Record<string, unknown>>): Issue[] {
  const { components = {}, root } = document.spec
  const tasks = [root, ...Object.values(components)].flatMap(({ dag }) => Object.entries(dag?.tasks ?? {}))
  const names = new Set(Object.keys(components).flatMap((name) => [name, name.replace(/^comp-/, '')]))
  for (const [key, { taskInfo }] of tasks) names.add(key).add(taskInfo?.name ?? key)
  return Object.keys(fakes)
    .filter((name) => !names.has(name))
    .map((name) => {
      const meant = closest(name, names)
      const hint = meant ? `did you mean "${meant}"?` : `there are: ${[...names].join(', ')}`
      return {
        code: 'unknown-fake',
        severity: 'error',
        path: '',
        message: `no task or component is called "${name}"`,
        hint,
      }
    })
}

function refuse(issues: readonly Issue[]): void {
  if (issues.some(({ severity }) => severity === 'error')) throw new InvalidInputError(issues)
}
