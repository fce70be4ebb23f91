/** The hybrid example, unchanged: by kubectl apply, by `kfp-ts submit --wait` and by the client, with the accuracy of a local run. */
import { spawnSync } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { Client } from '../../client/index.ts'
import type { PipelineRun } from '../../client/runs.ts'
import { loadPipelines, selectPipeline } from '../../compiler/index.ts'
import { finished, KUBECONFIG, kubectl, ROOT } from './support/cluster.ts'
import { useOperator, usePlace } from './support/fixtures.ts'

const PIPELINE = join(ROOT, 'examples/hybrid/pipeline.ts')
const place = usePlace('hybrid')
useOperator(place)
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kfp-ts-hybrid-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** Standard output of our own command line; its messages go to the test's output. */
function kfpTs(...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(join(ROOT, 'bin/kfp-ts.js'), args, { encoding: 'utf8', cwd: folder })
  if (status !== 0) throw new Error(`kfp-ts ${args.join(' ')} ended with ${status}: ${stderr}`)
  return stdout
}

test('the same accuracy four times; pods are executed tasks; what was done is not done again', async () => {
  const local = JSON.parse(kfpTs('run', PIPELINE, '--json', '--root', join(folder, 'local'))) as {
    outputs: { accuracy: number }
  }
  const { accuracy } = local.outputs
  expect(accuracy).toBeGreaterThan(0.8)

  kfpTs('compile', PIPELINE, '-o', join(folder, 'hybrid.yaml'))
  const resource = {
    apiVersion: 'pipelines.kfp-ts.dev/v1alpha1',
    kind: 'PipelineRun',
    metadata: { name: 'hybrid', namespace: place.namespace },
    spec: { pipelineText: await readFile(join(folder, 'hybrid.yaml'), 'utf8') },
  }
  await writeFile(join(folder, 'run.yaml'), stringify(resource))
  kubectl('apply', '-f', join(folder, 'run.yaml'))
  const applied = await finished(place, { metadata: { name: 'hybrid' } } as PipelineRun, 300)
  expect(applied.status).toMatchObject({ phase: 'Succeeded', outputs: { accuracy } })
  const { succeeded, cached } = applied.status!.counts!
  expect(cached).toBe(0)
  const pods = kubectl('get', 'pods', '-n', place.namespace, '-o', 'name').trim().split('\n')
  expect(pods).toHaveLength(applied.status!.podsCreated!)
  expect(succeeded).toBeGreaterThanOrEqual(pods.length)

  const submitted = JSON.parse(
    kfpTs('submit', PIPELINE, '--wait', '--json', '--kubeconfig', KUBECONFIG, '-n', place.namespace),
  ) as PipelineRun
  expect(submitted.status).toMatchObject({ phase: 'Succeeded', outputs: { accuracy }, podsCreated: 0 })

  const client = new Client({ kubeconfig: KUBECONFIG, namespace: place.namespace })
  const pipeline = selectPipeline(await loadPipelines(PIPELINE))
  const run = await client.createRunFromPipelineFunc(pipeline, { enableCaching: false })
  const status = await run.wait({ timeoutMillis: 300_000 })
  expect(status).toMatchObject({ phase: 'Succeeded', outputs: { accuracy }, podsCreated: pods.length })

  expect(kubectl('get', 'plr', '-n', place.namespace)).toMatch(/hybrid +Succeeded/)
  const story = kfpTs('describe', run.name, '--kubeconfig', KUBECONFIG, '-n', place.namespace)
  expect(story).toMatch(/outputs:\n +accuracy = 0\.\d+/)
})
