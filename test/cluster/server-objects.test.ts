/** The served operator on S3: artifacts and logs of runs are read from the bucket, clients' files are kept there, metrics artifacts are metrics. */
import { beforeAll, expect, test } from 'vitest'
import { PODS } from '../../client/kube/resources.ts'
import { s3Store } from '../../store/s3-store.ts'
import { kube, until } from './support/cluster.ts'
import { useEditor, useObjectStore, usePlace, useServedOperator } from './support/fixtures.ts'
import { makeExperiment } from './support/server.ts'

const KFP = '/apis/v2beta1'
const MLFLOW = '/api/2.0/mlflow'
const place = usePlace('server-objects')
const objects = useObjectStore(place)
const ask = useEditor(place, useServedOperator(place, [], objects))
let experiment: string
beforeAll(async () => {
  experiment = await makeExperiment(ask, place, 'exp')
})

const artifact = (schemaTitle: string) => ({ artifactType: { schemaTitle, schemaVersion: '0.0.1' } })
const written = '{"artifacts":{"scores":{"artifacts":[{"name":"scores","metadata":{"accuracy":0.875,"epochs":3}}]}}}'

/** One step with a file and, as Python components leave them, numbers in the metadata of a Metrics artifact. */
const pipeline = {
  pipelineInfo: { name: 'measure' },
  schemaVersion: '2.1.0',
  sdkVersion: 'kfp-2.14.3',
  deploymentSpec: {
    executors: {
      'exec-measure': {
        container: {
          image: 'busybox:latest',
          command: [
            'sh',
            '-ec',
            `echo measured; printf bytes > "$1"; out=$(printf %s "$0" | sed 's/.*"outputFile":"\\([^"]*\\)".*/\\1/')
             mkdir -p "$(dirname "$out")"; printf %s '${written}' > "$out"`,
            '{{$}}',
          ],
          args: ["{{$.outputs.artifacts['file'].path}}"],
        },
      },
    },
  },
  components: {
    'comp-measure': {
      executorLabel: 'exec-measure',
      outputDefinitions: { artifacts: { file: artifact('system.Dataset'), scores: artifact('system.Metrics') } },
    },
  },
  root: { dag: { tasks: { measure: { taskInfo: { name: 'measure' }, componentRef: { name: 'comp-measure' } } } } },
}

test('a run: its artifact, its metrics and its log, also when its pod is gone', async () => {
  const body = { display_name: 'r', experiment_id: experiment, pipeline_spec: pipeline }
  const id: string = (await ask('POST', `${KFP}/runs`, body)).body.run_id
  await until('the run is over', async () => (await ask('GET', `${KFP}/runs/${id}`)).body.state === 'SUCCEEDED', 120)
  const { body: status } = await ask('GET', `/api/v1/runs/${id}`)
  const task = status.tasks[0].runId
  const file = await ask('GET', `${KFP}/runs/${id}/nodes/${task}/artifacts/file:read`)
  expect(Buffer.from(file.body.data, 'base64').toString()).toBe('bytes')
  for (const run of [task, id]) {
    const { body: tracked } = await ask('GET', `${MLFLOW}/runs/get?run_id=${run}`)
    const metrics = tracked.run.data.metrics.map(({ key, value }: { key: string; value: number }) => [key, value])
    expect(Object.fromEntries(metrics)).toEqual({ accuracy: 0.875, epochs: 3 })
  }
  await kube.deleteCollection(PODS, { namespace: place.namespace }, { gracePeriodSeconds: 0 })
  await until('the pod is gone', async () => (await kube.list(PODS, { namespace: place.namespace })).items.length === 0)
  expect((await ask('GET', `/api/v1/runs/${id}/logs?task=root/measure`)).body).toBe('measured\n')
  const followed = await ask('GET', `/api/v1/runs/${id}/logs?task=root/measure&follow=true`)
  expect(followed.body).toBe('event: log\ndata: {"text":"measured\\n"}\n\n')
  expect((await ask('GET', `/api/v1/runs/${id}/logs?task=root/measure&attempt=2`)).status).toBe(404)
})

test("a client's file lies in the bucket", async () => {
  const path = `/api/2.0/mlflow-artifacts/artifacts/${experiment}/r/artifacts/f`
  expect((await ask('PUT', path, { a: 1 })).status).toBe(200)
  expect((await ask('GET', path)).body).toEqual({ a: 1 })
  const store = s3Store(objects.settings)
  expect(await store.list(`${objects.root}/mlflow`)).toEqual([`${experiment}/r/artifacts/f`])
  store.close()
})
