/**
 * What an event costs, with 1,000 and with 10,000 iterations, and what a task costs in memory.
 * Run: `node --expose-gc engine/bench.ts`. CPU time, which other programs on the machine inflate less than time on the wall. Not pure: a measuring program, no part of the engine.
 */
import type { PipelineDocument } from '../api/platform-spec.ts'
import { advance, begin, isFinished, prepare, report } from './index.ts'
import type { RunConfig, RunEvent } from './types.ts'

function loopDocument(iterations: number, isCached: boolean): PipelineDocument {
  const cachingOptions = isCached ? { enableCache: true } : {}
  const work = {
    componentRef: { name: 'comp-work' },
    cachingOptions,
    inputs: { parameters: { x: { componentInputParameter: 'item' } } },
  }
  const command = ['sh', '-ec', 'python3 -m kfp.dsl.executor_main "$@"', `def work(x: int):\n${'  pass\n'.repeat(500)}`]
  return {
    spec: {
      pipelineInfo: { name: 'bench' },
      schemaVersion: '2.1.0',
      deploymentSpec: {
        executors: {
          'exec-work': { container: { image: 'python:3.11', command, args: ['--executor_input', '{{$}}'] } },
        },
      },
      components: {
        'comp-work': {
          executorLabel: 'exec-work',
          inputDefinitions: { parameters: { x: { parameterType: 'NUMBER_INTEGER' } } },
          outputDefinitions: {
            parameters: { Output: { parameterType: 'NUMBER_INTEGER' } },
            artifacts: { model: { artifactType: { schemaTitle: 'system.Model', schemaVersion: '0.0.1' } } },
          },
        },
        'comp-loop': {
          inputDefinitions: { parameters: { item: { parameterType: 'NUMBER_INTEGER' } } },
          dag: { tasks: { work } },
        },
      },
      root: {
        dag: {
          tasks: {
            loop: {
              componentRef: { name: 'comp-loop' },
              parameterIterator: {
                itemInput: 'item',
                items: { raw: JSON.stringify(Array.from({ length: iterations }, (_, index) => index)) },
              },
            },
          },
        },
      },
    },
  }
}

const CONFIG: RunConfig = {
  runId: 'bench',
  runName: 'bench',
  resourceName: 'bench',
  arguments: {},
  pipelineRoot: '/artifacts',
  scratchRoot: '/scratch',
  parallelism: 64,
  createTime: 0,
}

interface Measurement {
  readonly iterations: number
  readonly isCached: boolean
  readonly events: number
  readonly microsPerEvent: number
  readonly slowestMillis: number
  readonly bytesPerTask: number
}

function measure(iterations: number, isCached: boolean): Measurement {
  const program = prepare(loopDocument(iterations, isCached))
  let state = begin(program, CONFIG)
  const events: RunEvent[] = [{ kind: 'started' }]
  const memoryBefore = usedMemory()
  let slowestMillis = 0
  const cpuBefore = process.cpuUsage()
  for (let next = 0; next < events.length; next++) {
    const event = events[next]!
    const begun = performance.now()
    const step = advance(program, state, event, next)
    slowestMillis = Math.max(slowestMillis, performance.now() - begun)
    state = step.state
    for (const action of step.actions) {
      if (action.kind === 'look-up-cache')
        events.push({ kind: 'cache-answered', task: action.task, answer: { hit: false, reason: 'new' } })
      if (action.kind !== 'start-attempt') continue
      const { task, attempt } = action
      const outputs = { parameters: { Output: next }, artifacts: {} }
      events.push({ kind: 'attempt-started', task, attempt })
      events.push({ kind: 'attempt-finished', task, attempt, result: { outcome: 'succeeded', outputs } })
    }
  }
  const count = events.length
  const { user, system } = process.cpuUsage(cpuBefore)
  events.length = 0
  const bytesPerTask = (usedMemory() - memoryBefore) / iterations
  if (!isFinished(state) || report(program, state).state !== 'SUCCEEDED') throw new Error('the run did not succeed')
  return { iterations, isCached, events: count, microsPerEvent: (user + system) / count, slowestMillis, bytesPerTask }
}

function usedMemory(): number {
  globalThis.gc?.()
  return process.memoryUsage().heapUsed
}

measure(1000, true) // warms the compiler up
for (const isCached of [false, true])
  for (const iterations of [1000, 10_000, 100_000]) {
    const { events, microsPerEvent, slowestMillis, bytesPerTask } = measure(iterations, isCached)
    console.log(
      `${iterations} iterations${isCached ? ', cached' : ''}: ${events} events, ${microsPerEvent.toFixed(1)} µs of CPU an event ` +
        `(slowest ${slowestMillis.toFixed(1)} ms), ${Math.round(bytesPerTask)} bytes a task`,
    )
  }
