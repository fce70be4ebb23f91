import { runPipeline } from 'kfp-ts/testing'
import { describe, expect, test } from 'vitest'
import { arrival } from './arrival.ts'

const HOUR = 3_600_000
const components = {
  preprocess: () => ({ days: 1 }),
  train: () => ({}),
  evaluate: () => ({ error: 0.5 }),
}
const day = {
  arguments: {
    source: '/landing/day.csv',
    supplier: 'http://weather.test/2026-01-01',
    from: '2026-01-01T00:00:00Z',
    to: '2026-01-02T00:00:00Z',
  },
  startTime: Date.parse('2026-01-02T00:00:10Z'),
  components,
}

describe('weather on arrival, in virtual time', () => {
  test('starts when the file and the supplier are ready', async () => {
    const run = await runPipeline(arrival, {
      ...day,
      waits: {
        'file-is-there': async ({ sleep, request }) => {
          expect(request).toMatchObject({ uri: '/landing/day.csv', stableMillis: 60_000 })
          await sleep(2 * HOUR)
        },
        'day-is-complete': async ({ sleep }) => {
          await sleep(HOUR)
          return { json: { complete: true } }
        },
      },
    })
    expect(run.outputs).toEqual({ error: 0.5 })
    expect(run.task('day-is-over').outputs.parameters).toEqual({ time: '2026-01-02T01:00:00.000Z' })
    expect(run.task('file-is-there').outputs.artifacts['artifact']).toMatchObject([{ uri: '/landing/day.csv' }])
    expect(run.task('preprocess').notes[0]!.startedAfterMillis).toBe(3 * HOUR - 10_000)
  })

  test('skips the day when the file does not come within six hours, and says why', async () => {
    const run = await runPipeline(arrival, {
      ...day,
      waits: { 'file-is-there': ({ sleep }) => sleep(1000 * HOUR), 'day-is-complete': () => {} },
    })
    expect([run.state, run.task('preprocess').state]).toEqual(['SUCCEEDED', 'SKIPPED'])
    expect(run.task('file-is-there')).toMatchObject({
      state: 'SKIPPED',
      error: { code: 'timeout', message: expect.stringMatching(/^it waited longer than 21600 s/) },
    })
    expect(run.millis).toBe(7 * HOUR - 10_000)
  })

  test('a wait that nobody answers, and an output that it does not have, are mistakes of the test', async () => {
    const silent = await runPipeline(arrival, { ...day, waits: { 'file-is-there': () => {} } })
    expect(silent.error?.message).toContain(
      `day-is-complete waits for GET http://weather.test/2026-01-01: say when ("waits: { 'day-is-complete': … }")`,
    )
    const wrong = await runPipeline(arrival, {
      ...day,
      waits: { 'file-is-there': () => ({ bytes: 3 }), 'day-is-complete': () => {} },
    })
    expect(wrong.error?.message).toContain('gives bytes; its task has size, etag')
  })
})
