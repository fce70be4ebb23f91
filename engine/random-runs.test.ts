/** Random pipelines in random worlds: whatever goes wrong on the way, the end is the same. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { digestOf } from './digest.ts'
import { randomFrom, randomPipeline } from './testing/random-pipeline.ts'
import { type AttemptAction, failWith, type StepEnd, simulate, succeed, type Trouble } from './testing/simulate.ts'

/** What a step does depends on its path, its attempt and its inputs only. */
function behaveBy(permanentFailures: number) {
  return (action: AttemptAction): StepEnd => {
    if (action.kind !== 'start-attempt' && action.kind !== 'wait-for') throw new Error('there are steps and waits only')
    const number = Number.parseInt(digestOf(action.task).slice(0, 8), 16)
    const durationMillis = 1 + (number % 5000)
    if (number % 100 < permanentFailures) return { ...failWith('application'), durationMillis }
    const flaws = (number >>> 8) % 4
    if (flaws === 1 && action.attempt === 1) return { ...failWith('preempted'), durationMillis }
    if (flaws === 2 && action.attempt <= 2) return { ...failWith('infrastructure'), durationMillis }
    if (action.kind === 'wait-for') return { ...succeed(action), durationMillis }
    const inputs = JSON.stringify(action.launch.executorInput.inputs.parameterValues)
    const output = (number + inputs.length * 31) % 7
    return {
      durationMillis,
      result: { outcome: 'succeeded', outputs: { parameters: { Output: output }, artifacts: {} } },
    }
  }
}

const RETRIES = {
  preempted: { maxRetries: 2, backoffMillis: 0 },
  infrastructure: { maxRetries: 3, backoffMillis: 500 },
} as const

/** @param events of the orderly run: a crash after each one of many would take long */
function troubleFrom(seed: number, events: number): Trouble {
  const random = randomFrom(seed)
  const crashes = events < 25 && random() < 0.4 ? 1 : Math.min(0.3, (random() * 4) / events)
  return { random, shuffles: random() < 0.8, duplicates: random() * 0.3, losses: random() * 0.2, crashes }
}

/** fast-check prints the seeds of the pipeline and of the trouble when a property fails. */
const seeds = fc.record({ pipeline: fc.nat(), trouble: fc.nat(), parallelism: fc.nat(3) })

describe('random pipelines', () => {
  test('end the same under disorder, duplicates, losses and crashes', { timeout: 120_000 }, () => {
    let succeeded = 0
    fc.assert(
      fc.property(seeds, ({ pipeline, trouble, parallelism }) => {
        const document = randomPipeline(randomFrom(pipeline), { maxTasks: 3, waits: true })
        const behave = behaveBy(pipeline % 3 === 0 ? 10 : 0)
        const config = { retries: RETRIES, parallelism }
        const orderly = simulate(document, { behave, config })
        const wild = simulate(document, { behave, config, trouble: troubleFrom(trouble, orderly.journal.length) })
        expect(wild.report.state).toBe(orderly.report.state)
        if (parallelism > 0) expect(Math.max(orderly.mostInFlight, wild.mostInFlight)).toBeLessThanOrEqual(parallelism)
        // A failure stops what has not begun, and that depends on the order. Without failures nothing does.
        if (orderly.report.state !== 'SUCCEEDED') return
        succeeded++
        expect(timeless(wild.report)).toEqual(timeless(orderly.report))
      }),
      { numRuns: 1200 },
    )
    expect(succeeded).toBeGreaterThan(500)
  })

  test('canceled at any moment, they end; retried, they reach the end that they would have had', {
    timeout: 120_000,
  }, () => {
    fc.assert(
      fc.property(seeds, fc.nat(20_000), ({ pipeline, trouble, parallelism }, at) => {
        const document = randomPipeline(randomFrom(pipeline), { maxTasks: 3, waits: true })
        const options = { behave: behaveBy(0), config: { retries: RETRIES, parallelism } }
        const orderly = simulate(document, options)
        const cancel = { at, event: { kind: 'cancel-requested', reason: 'test' } as const }
        const canceled = simulate(document, {
          ...options,
          trouble: troubleFrom(trouble, orderly.journal.length),
          interventions: [cancel],
        })
        expect(['CANCELED', orderly.report.state]).toContain(canceled.report.state)
        const retry = { at: 1_000_000, event: { kind: 'retry-requested' } as const }
        const retried = simulate(document, { ...options, interventions: [cancel, retry] })
        expect(retried.report.state).toBe(orderly.report.state)
        if (orderly.report.state === 'SUCCEEDED') expect(retried.report.outputs).toEqual(orderly.report.outputs)
      }),
      { numRuns: 400 },
    )
  })
})

function timeless({ state, outputs, tasks }: ReturnType<typeof simulate>['report']) {
  return { state, outputs, tasks: tasks.map(({ startTime: _start, endTime: _end, ...task }) => task) }
}
