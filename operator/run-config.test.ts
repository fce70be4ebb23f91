/** What a pipeline says of its whole run in the platform document (kfp-ir.md 4.4), and what wins over it. */
import { expect, test } from 'vitest'
import type { KubernetesPipelineConfig } from '../api/platform-spec.ts'
import { pipelineOf } from '../engine/testing/small-pipeline.ts'
import { type RunConfigInput, runConfig, ttlFromPlatform } from './run-config.ts'

const documentOf = (pipelineConfig?: KubernetesPipelineConfig) => {
  const platform = pipelineConfig && { platforms: { kubernetes: { pipelineConfig } } }
  return pipelineOf({ root: { dag: { tasks: {} } }, ...(platform ? { platform } : {}) })
}

test.each<[string, KubernetesPipelineConfig, number | undefined, number | undefined]>([
  ['nothing', {}, undefined, undefined],
  ['one time for all ends', { resourceTtlOnCompletion: 5 }, 5, 5],
  ['a time of its own for one end', { resourceTtlOnCompletion: 5, resourceTtlOnFailure: '60' }, 5, 60],
  ['a time for success alone', { resourceTtlOnSuccess: 7 }, 7, undefined],
  ['0, which is no time', { resourceTtlOnCompletion: 0 }, undefined, undefined],
])('the run is removed after: %s', (_what, config, afterSuccess, afterFailure) => {
  const document = documentOf(config)
  expect([ttlFromPlatform(document, true), ttlFromPlatform(document, false)]).toEqual([afterSuccess, afterFailure])
})

test.each<[string, KubernetesPipelineConfig | undefined, number | undefined, number | undefined]>([
  ['no deadline', undefined, undefined, undefined],
  ['that of the pipeline', { activeDeadlineSeconds: '20' }, undefined, 20_000],
  ['that of the run before that of the pipeline', { activeDeadlineSeconds: 20 }, 3, 3000],
])('the run has %s', (_what, config, runSeconds, expected) => {
  const input = {
    run: { name: 'r', namespace: 'n', uid: 'u', runId: 'u', displayName: 'r' },
    spec: runSeconds === undefined ? {} : { timeouts: { runSeconds } },
    document: documentOf(config),
    store: { pathsOf: () => ({ scratch: '/s' }), rootOf: () => '/a' },
    settings: { limits: {}, retries: {} },
    now: 0,
  }
  expect(runConfig(input as unknown as RunConfigInput).timeoutMillis).toBe(expected)
})
