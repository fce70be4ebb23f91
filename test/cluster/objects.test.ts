/** Artifacts on a real S3 server: copied in and out by the launcher, steps see no credentials, results are used again. */
import { chmod, mkdir, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { stringify } from 'yaml'
import { type KubeObject, PODS, VOLUME_CLAIMS } from '../../client/kube/resources.ts'
import { isNotFound } from '../../client/kube/transport.ts'
import type { Pod } from '../../operator/pod/pod-types.ts'
import { s3Store } from '../../store/s3-store.ts'
import { finished, kube, ROOT, submit, until, VOLUMES } from './support/cluster.ts'
import { useObjectStore, useOperator, usePlace } from './support/fixtures.ts'
import { shellPipeline } from './support/pipelines.ts'

const place = usePlace('objects')
const objects = useObjectStore(place)
useOperator(place, [], objects)

const DATASET = { artifactType: { schemaTitle: 'system.Dataset', schemaVersion: '0.0.1' } }

/** write -> read: a file artifact and a folder artifact travel through the bucket. */
const text = stringify({
  pipelineInfo: { name: 'copy' },
  schemaVersion: '2.1.0',
  deploymentSpec: {
    executors: {
      'exec-write': {
        container: {
          image: 'busybox:latest',
          command: [
            'sh',
            '-ec',
            'printf hello > "$0"; mkdir -p "$1/deep"; printf one > "$1/a"; printf two > "$1/deep/b"',
          ],
          args: ["{{$.outputs.artifacts['file'].path}}", "{{$.outputs.artifacts['tree'].path}}"],
        },
      },
      'exec-read': {
        container: {
          image: 'busybox:latest',
          command: [
            'sh',
            '-ec',
            '! env | grep AWS_; printf "%s %s %s" "$(cat $0)" "$(cat $1/a)" "$(cat $1/deep/b)" > "$2"',
          ],
          args: [
            "{{$.inputs.artifacts['file'].path}}",
            "{{$.inputs.artifacts['tree'].path}}",
            "{{$.outputs.parameters['text'].output_file}}",
          ],
        },
      },
    },
  },
  components: {
    'comp-write': { executorLabel: 'exec-write', outputDefinitions: { artifacts: { file: DATASET, tree: DATASET } } },
    'comp-read': {
      executorLabel: 'exec-read',
      inputDefinitions: { artifacts: { file: DATASET, tree: DATASET } },
      outputDefinitions: { parameters: { text: { parameterType: 'STRING' } } },
    },
  },
  root: {
    outputDefinitions: { parameters: { text: { parameterType: 'STRING' } } },
    dag: {
      outputs: {
        parameters: { text: { valueFromParameter: { producerSubtask: 'read', outputParameterKey: 'text' } } },
      },
      tasks: {
        write: {
          taskInfo: { name: 'write' },
          componentRef: { name: 'comp-write' },
          cachingOptions: { enableCache: true },
        },
        read: {
          taskInfo: { name: 'read' },
          componentRef: { name: 'comp-read' },
          cachingOptions: { enableCache: true },
          dependentTasks: ['write'],
          inputs: {
            artifacts: {
              file: { taskOutputArtifact: { producerTask: 'write', outputArtifactKey: 'file' } },
              tree: { taskOutputArtifact: { producerTask: 'write', outputArtifactKey: 'tree' } },
            },
          },
        },
      },
    },
  },
})

test('files and folders travel through the bucket; credentials stay with the launcher; the second run makes no pod', async () => {
  const run = await finished(place, await submit(place, text))
  expect(run.status).toMatchObject({ phase: 'Succeeded', outputs: { text: 'hello one two' }, podsCreated: 2 })
  const pods = await kube.list<Pod>(PODS, { namespace: place.namespace })
  for (const { spec } of pods.items) {
    expect(spec?.containers).toHaveLength(1)
    expect(JSON.stringify(spec?.containers)).not.toMatch(/secretKeyRef|AWS_SECRET|test-secret/)
  }
  const again = await finished(place, await submit(place, text))
  expect(again.status).toMatchObject({ phase: 'Succeeded', podsCreated: 0, counts: { cached: 2 } })
})

test('a result whose artifact was removed from the bucket is not used again; logs are in the bucket', async () => {
  const store = s3Store(objects.settings)
  try {
    const files = await store.list(objects.root)
    expect(files.some((name) => name.startsWith('logs/'))).toBe(true)
    await store.remove(`${objects.root}/${files.find((name) => name.endsWith('/file'))}`)
    const run = await finished(place, await submit(place, text))
    expect(run.status).toMatchObject({ phase: 'Succeeded', podsCreated: 1 })
    await until('the file is there again', async () =>
      (await store.list(objects.root)).some((name) => name.endsWith('/file')),
    )
  } finally {
    store.close()
  }
})

test('a log is in the bucket while its step runs, and keeps its last lines when the pod is killed or out of memory', async () => {
  const nap = 'echo first; sleep 4; echo second; sleep 300'
  const hungry = 'echo about to eat; sleep 1; head -c 60m /dev/zero | tail -c 60m > /dev/null; sleep 5'
  const text = shellPipeline('talk', {
    nap: { script: nap },
    hungry: { script: hungry, memory: '24Mi', image: 'python:3.11' },
  })
  const retries = { infrastructure: { limit: 0 }, oom: { limit: 0 }, application: { limit: 0 } }
  const run = await submit(place, text, { spec: { retries } })
  const store = s3Store(objects.settings)
  const logOf = async (task: string): Promise<string> => {
    let log = ''
    const stream = await store.read(`${objects.root}/logs/${run.metadata.uid}/root/${task}/attempt-1.log`)
    for await (const chunk of stream ?? []) log += chunk
    return log
  }
  try {
    await until('the second line is in the bucket', async () => (await logOf('nap')) === 'first\nsecond\n')
    const pod = (await place.runs.pods(run)).find(({ path, phase }) => path === 'root/nap' && phase === 'Running')
    await kube.delete(PODS, place.namespace, pod!.pod, { gracePeriodSeconds: 0 })
    expect((await finished(place, run)).status?.phase).toBe('Failed')
    expect(await logOf('nap')).toBe('first\nsecond\n')
    await until('the log of the other is there', async () => (await logOf('hungry')).startsWith('about to eat\n'))
  } finally {
    store.close()
  }
})

test('an importer copies to the workspace by a pod of its own, and steps share that claim', async () => {
  const name = 'importer-workspace'
  const folder = join(place.store, name)
  await mkdir(folder)
  await chmod(folder, 0o777)
  await kube.create(VOLUMES, undefined, {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name: `${place.namespace}-${name}` },
    spec: {
      capacity: { storage: '1Gi' },
      accessModes: ['ReadWriteOnce'],
      storageClassName: 'standard',
      hostPath: { path: folder },
      claimRef: { namespace: place.namespace, name: `${name}-kfp-workspace` },
    },
  } as KubeObject)
  try {
    const corpus = join(ROOT, 'test/conformance/corpus/valid/critical/pipeline_with_importer_workspace.yaml')
    const run = await finished(place, await submit(place, await readFile(corpus, 'utf8'), { name }), 300)
    expect(JSON.stringify(run.status?.attention ?? [])).toBe('[]')
    expect(run.status).toMatchObject({ phase: 'Succeeded', counts: { failed: 0 } })
    expect(await readdir(join(folder, '.artifacts/s3', objects.bucket))).toEqual(['kfp'])
    await place.runs.delete(name)
    await until('the claim goes with the run', async () =>
      kube.get(VOLUME_CLAIMS, place.namespace, `${name}-kfp-workspace`).then(() => false, isNotFound),
    )
  } finally {
    await kube.delete(VOLUMES, undefined, `${place.namespace}-${name}`)
  }
})
