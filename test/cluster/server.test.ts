/** The server beside the operator: runs of clients are PipelineRuns, runs of kubectl are in its lists, steps log to their own record. */
import { writeFile } from 'node:fs/promises'
import { beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { PIPELINE_RUNS, PODS } from '../../client/kube/resources.ts'
import { isNotFound } from '../../client/kube/transport.ts'
import type { Pod } from '../../operator/pod/pod-types.ts'
import type { PipelineRun } from '../../operator/run-view.ts'
import { SCHEDULED_RUNS, type ScheduledRun } from '../../operator/schedule/schedule-objects.ts'
import { finished, kube, submit, until } from './support/cluster.ts'
import { useEditor, usePlace, useServedOperator } from './support/fixtures.ts'
import { shellPipeline } from './support/pipelines.ts'
import { type Answer, clientOf, makeExperiment } from './support/server.ts'

const KFP = '/apis/v2beta1'
const MLFLOW = '/api/2.0/mlflow'
const place = usePlace('server')
const operator = useServedOperator(place)
const ask = useEditor(place, operator)
let experiment: string
beforeAll(async () => {
  experiment = await makeExperiment(ask, place, 'exp')
})

async function startRun(text: string, name = 'a run', parameters: object = {}): Promise<string> {
  const answer = await ask('POST', `${KFP}/runs`, {
    display_name: name,
    experiment_id: experiment,
    pipeline_spec: parse(text),
    runtime_config: { parameters },
  })
  expect(answer).toMatchObject({ status: 200 })
  return answer.body.run_id
}

const runOf = async (id: string) => (await ask('GET', `${KFP}/runs/${id}`)).body
const reaches = (id: string, state: string) =>
  until(
    `run ${id} is ${state}`,
    async () => {
      const run = await runOf(id)
      return run.state === state && run
    },
    120,
  )
const resourceOf = async (id: string): Promise<PipelineRun | undefined> => {
  const labelSelector = `pipelines.kfp-ts.dev/run-id=${id}`
  return (await kube.list<PipelineRun>(PIPELINE_RUNS, { namespace: place.namespace, labelSelector })).items[0]
}
const status = async (id: string) => (await ask('GET', `/api/v1/runs/${id}`)).body
const log = (id: string, task: string, more = '') => ask('GET', `/api/v1/runs/${id}/logs?task=root/${task}${more}`)

const hello = shellPipeline('hello', { greet: { script: 'echo hello from "$KFP_RUN_ID"; printf hi > "$OUT"' } }, [
  'greet',
])
const patient = shellPipeline('patient', {
  wait: { script: 'echo begun; while [ ! -e /kfp-store/go ]; do sleep 0.2; done; echo ended' },
  after: { script: 'true', after: ['wait'] },
})

describe('a run of a client', () => {
  test('is a PipelineRun with the id that the client was told, everywhere', async () => {
    const id = await startRun(hello, 'Grüße aus dem Norden')
    const done = await reaches(id, 'SUCCEEDED')
    expect(done).toMatchObject({ run_id: id, display_name: 'Grüße aus dem Norden', experiment_id: experiment })
    expect(done.run_details.task_details).toMatchObject([{ display_name: 'greet', state: 'SUCCEEDED' }])
    const resource = await resourceOf(id)
    expect(resource).toMatchObject({ status: { phase: 'Succeeded', outputs: { greet: 'hi' } } })
    expect(resource?.metadata.name).toMatch(/^hello-[0-9a-f]{12}$/)
    expect(resource?.metadata.uid).not.toBe(id)
    expect((await log(id, 'greet')).body).toBe(`hello from ${id}\n`)
    const tracked = await ask('GET', `${MLFLOW}/runs/get?run_id=${id}`)
    expect(tracked.body.run.info).toMatchObject({ run_id: id, status: 'FINISHED', experiment_id: experiment })
    const nested = await ask('POST', `${MLFLOW}/runs/search`, {
      experiment_ids: [experiment],
      filter: `tags.mlflow.parentRunId = '${id}'`,
    })
    expect(nested.body.runs.map((run: Answer['body']) => run.info.run_name)).toEqual(['greet'])
  })

  test('waits, shows its log while it runs, is terminated, and is deleted with its resource', async () => {
    const id = await startRun(patient)
    await until('the step has begun', async () => (await log(id, 'wait')).body === 'begun\n', 120)
    const followed = ask('GET', `/api/v1/runs/${id}/logs?task=root/wait&follow=true`)
    expect((await runOf(id)).state).toBe('RUNNING')
    // A line of its log may be here before the news that it started.
    const waiting = async () => (await ask('GET', `/api/v1/runs/${id}/waiting`)).body.waiting
    await until('one task waits', async () => (await waiting()).length === 1)
    expect(await waiting()).toEqual([{ task: 'root/after', reason: 'it waits for wait' }])
    expect((await ask('POST', `${KFP}/runs/${id}:terminate`)).status).toBe(200)
    await until('the run is over', async () => (await status(id)).state === 'CANCELED', 60)
    expect((await resourceOf(id))?.spec.cancel).toBe(true)
    const heard = (await followed).body.replaceAll(/^: \n\n/gm, '')
    expect(heard).toBe('event: log\ndata: {"text":"begun\\n"}\n\n')
    expect((await ask('DELETE', `${KFP}/runs/${id}`)).status).toBe(200)
    expect(await resourceOf(id)).toBeUndefined()
    expect((await ask('GET', `${KFP}/runs/${id}`)).status).toBe(404)
  })

  test('is retried: what succeeded stays', async () => {
    const id = await startRun(
      shellPipeline('again', {
        once: { script: 'echo once' },
        fails: { script: '[ -e "/kfp-store/$KFP_RUN_ID" ]', after: ['once'] },
      }),
    )
    const failed = await reaches(id, 'FAILED')
    expect(failed.error.message).toContain('application')
    await writeFile(`${place.store}/${id}`, '')
    expect((await ask('POST', `${KFP}/runs/${id}:retry`)).status).toBe(200)
    await reaches(id, 'SUCCEEDED')
    expect((await resourceOf(id))?.spec.retryCount).toBe(1)
    expect((await status(id)).tasks).toMatchObject([
      { name: 'once', attempts: 1 },
      { name: 'fails', attempts: 2 },
    ])
  })

  test('that the cluster refuses is told so', async () => {
    const answer = await ask('POST', `${KFP}/runs`, {
      display_name: 'x',
      experiment_id: experiment,
      pipeline_spec: parse(hello),
      service_account: 'Not A Name',
    })
    expect(answer).toMatchObject({ status: 200 })
    const failed = await reaches(answer.body.run_id, 'FAILED')
    expect(failed.error.message).toContain('service account')
  })
})

describe('a run of kubectl', () => {
  test('is in the lists of both APIs while it runs and after, also when its resource is gone', async () => {
    const run = await submit(place, hello)
    await finished(place, run)
    const id = run.metadata.uid!
    expect(await runOf(id)).toMatchObject({ state: 'SUCCEEDED', display_name: run.metadata.name })
    const listed = await ask('GET', `${KFP}/runs?namespace=${place.namespace}&page_size=100`)
    expect(listed.body.runs.map((one: Answer['body']) => one.run_id)).toContain(id)
    const names = await ask('GET', `${MLFLOW}/experiments/get-by-name?experiment_name=Default`)
    const found = await ask('POST', `${MLFLOW}/runs/search`, {
      experiment_ids: [names.body.experiment.experiment_id],
    })
    expect(found.body.runs.map((one: Answer['body']) => one.info.run_id)).toContain(id)
    await kube.delete(PIPELINE_RUNS, place.namespace, run.metadata.name)
    await until('the resource is gone', () =>
      kube.get(PIPELINE_RUNS, place.namespace, run.metadata.name).then(() => false, isNotFound),
    )
    expect(await runOf(id)).toMatchObject({ state: 'SUCCEEDED' })
    expect((await log(id, 'greet')).body).toContain('hello from')
  })

  test('with the id of another run is refused', async () => {
    const id = await startRun(hello)
    await reaches(id, 'SUCCEEDED')
    const forged = await kube.create<PipelineRun>(PIPELINE_RUNS, place.namespace, {
      apiVersion: 'pipelines.kfp-ts.dev/v1alpha1',
      kind: 'PipelineRun',
      metadata: { name: 'forged', labels: { 'pipelines.kfp-ts.dev/run-id': id } },
      spec: { pipelineText: hello, artifactsOnDelete: 'Delete' },
    })
    const ended = await finished(place, forged)
    expect(ended.status).toMatchObject({ phase: 'Failed', reason: 'InvalidPipeline' })
    await kube.delete(PIPELINE_RUNS, place.namespace, 'forged')
    await until('the forged run is gone', () =>
      kube.get(PIPELINE_RUNS, place.namespace, 'forged').then(() => false, isNotFound),
    )
    expect(await runOf(id)).toMatchObject({ state: 'SUCCEEDED' })
  })
})

describe('a recurring run of a client', () => {
  const scheduled = async () =>
    (await kube.list<ScheduledRun>(SCHEDULED_RUNS, { namespace: place.namespace })).items.map(({ metadata, spec }) => ({
      id: metadata.labels?.['pipelines.kfp-ts.dev/recurring-run-id'],
      name: metadata.name,
      spec,
    }))

  test('is a ScheduledRun: made, run, suspended from both sides, and deleted', async () => {
    const made = await ask('POST', `${KFP}/recurringruns`, {
      display_name: 'Every Second',
      experiment_id: experiment,
      pipeline_spec: parse(hello),
      max_concurrency: '1',
      trigger: { periodic_schedule: { interval_second: '1' } },
      mode: 'ENABLE',
    })
    expect(made.status).toBe(200)
    const id: string = made.body.recurring_run_id
    const one = `${KFP}/recurringruns/${id}`
    const [resource] = await scheduled()
    expect(resource).toMatchObject({ id, spec: { schedule: { every: '1s' }, maxActiveRuns: 1, suspend: false } })
    const run = await until('a run of the schedule is over', async () => {
      const { body } = await ask('GET', `${KFP}/runs?experiment_id=${experiment}&page_size=200`)
      return body.runs?.find((it: Answer['body']) => it.recurring_run_id === id && it.state === 'SUCCEEDED')
    })
    expect(Date.parse(run.scheduled_at)).toBeLessThanOrEqual(Date.parse(run.created_at))
    expect((await ask('POST', `${one}:disable`)).status).toBe(200)
    expect((await scheduled())[0]?.spec.suspend).toBe(true)
    await kube.patch(SCHEDULED_RUNS, place.namespace, resource!.name, { spec: { suspend: false } })
    expect((await ask('GET', one)).body.status).toBe('ENABLED')
    expect((await ask('DELETE', one)).status).toBe(200)
    expect(await scheduled()).toEqual([])
    expect((await ask('GET', one)).status).toBe(404)
    expect(await runOf(run.run_id)).toMatchObject({ state: 'SUCCEEDED' })
  })
})

describe('a step', () => {
  const post = [
    'import json, os, urllib.request',
    'def log(run, key, value):',
    '    request = urllib.request.Request(os.environ["MLFLOW_TRACKING_URI"] + "/api/2.0/mlflow/runs/log-metric",',
    '        data=json.dumps({"run_id": run, "key": key, "value": value, "timestamp": 1, "step": 0}).encode(),',
    '        headers={"Authorization": "Bearer " + os.environ["MLFLOW_TRACKING_TOKEN"], "Content-Type": "application/json"})',
    '    return urllib.request.urlopen(request).status',
    'print(log(os.environ["MLFLOW_RUN_ID"], "accuracy", 0.75))',
    'try:',
    '    log(os.environ["FOREIGN"], "accuracy", 1)',
    'except urllib.error.HTTPError as error:',
    '    print("foreign", error.code)',
  ].join('\n')

  test('logs to its own task by what it finds in its environment; the token is not in its pod and opens nothing else', async () => {
    const other = await startRun(hello)
    const script = `export FOREIGN=${other}; cat > /tmp/post.py <<'END'\n${post}\nEND\npython3 /tmp/post.py`
    const id = await startRun(shellPipeline('logs', { train: { script, image: 'python:3.11' } }))
    await reaches(id, 'SUCCEEDED')
    expect((await log(id, 'train')).body).toBe('200\nforeign 403\n')
    const [task] = (await status(id)).tasks
    const tracked = await ask('GET', `${MLFLOW}/runs/get?run_id=${task.runId}`)
    expect(tracked.body.run.data.metrics).toMatchObject([{ key: 'accuracy', value: 0.75 }])
    const uid = (await resourceOf(id))?.metadata.uid
    const labelSelector = `pipelines.kfp-ts.dev/run=${uid}`
    const pods = await kube.list<Pod>(PODS, { namespace: place.namespace, labelSelector })
    expect(pods.items).toHaveLength(1)
    expect(JSON.stringify(pods.items)).not.toContain('kfpts1.')
    const secret = pods.items[0]?.spec?.containers[0]?.env?.find(({ name }) => name === 'MLFLOW_TRACKING_TOKEN')
    const ref = secret?.valueFrom?.['secretKeyRef'] as { name: string }
    const secrets = { group: '', version: 'v1', plural: 'secrets' }
    const held = await kube.get<PipelineRun & { data: { token: string } }>(secrets, place.namespace, ref.name)
    expect(held.metadata.ownerReferences).toMatchObject([{ kind: 'PipelineRun', uid }])
    const token = Buffer.from(held.data.token, 'base64').toString()
    const step = clientOf(operator.url, token)
    expect((await step('DELETE', `${KFP}/runs/${other}`)).status).toBe(403)
    expect((await step('POST', `${KFP}/runs/${id}:terminate`)).status).toBe(403)
    const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token } }
    const path = '/apis/authentication.k8s.io/v1/tokenreviews'
    const reviewed = JSON.parse(await kube.raw({ method: 'POST', path, body: review }))
    expect(reviewed.status.authenticated).toBeFalsy()
  })
})
