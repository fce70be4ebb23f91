/** The commands about runs of a cluster, as processes, against an API server of a few routes. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { PipelineRunStatus } from '../../api/pipeline-run.ts'
import { makeWorkplace, shellPipeline } from '../../test/errors/run-tool.ts'
import { type FakeApiServer, startFakeApiServer } from './fake-api-server.ts'

let place: ReturnType<typeof makeWorkplace>
let cluster: FakeApiServer

beforeAll(async () => {
  place = makeWorkplace()
  cluster = await startFakeApiServer()
  place.write('kubeconfig', cluster.kubeconfig)
  place.write('p.yaml', shellPipeline('steps', 'true'))
})
afterAll(async () => {
  place.remove()
  await cluster.close()
})
beforeEach(() => {
  cluster.runs.clear()
  cluster.pods = []
  cluster.logs.clear()
  cluster.served.clear()
  cluster.token = undefined
  cluster.refusal = undefined
  cluster.requests.length = 0
  addRun('good', { phase: 'Succeeded', progress: '2/2', message: '2 tasks ran', pipeline: 'steps' })
  addRun('bad', {
    phase: 'Failed',
    progress: '2/2',
    message: 'b: exit code 3',
    pipeline: 'steps',
    startTime: '2026-01-01T00:00:00Z',
    completionTime: '2026-01-01T00:01:05Z',
    podsCreated: 2,
    counts: { total: 3, pending: 0, running: 0, succeeded: 1, cached: 0, skipped: 1, failed: 1, canceled: 0 },
    attention: [{ path: 'root/b', state: 'FAILED', message: 'exit code 3', cause: 'application' }],
  })
})

function addRun(
  name: string,
  status: PipelineRunStatus,
  spec: object = { pipelineText: shellPipeline('steps', 'true') },
) {
  const labels = { 'pipelines.kfp-ts.dev/pipeline': name === 'other' ? 'other' : 'steps' }
  const metadata = { name, namespace: 'ml', uid: `uid-${name}`, labels, creationTimestamp: '2026-01-01T00:00:00Z' }
  cluster.runs.set(name, { metadata, spec, status })
}

function addPod(path: string, attempt: number, phase: string, exitCode?: number): void {
  const name = `${path.split('/').at(-1)}-${attempt}`
  const terminated =
    exitCode === undefined ? undefined : { exitCode, reason: 'Error', finishedAt: '2026-01-01T00:00:04Z' }
  cluster.pods.push({
    metadata: {
      name,
      labels: { 'pipelines.kfp-ts.dev/attempt': String(attempt) },
      annotations: { 'pipelines.kfp-ts.dev/task-path': path },
    },
    status: {
      phase,
      startTime: `2026-01-01T00:00:0${cluster.pods.length}Z`,
      containerStatuses: [{ name: 'main', state: terminated ? { terminated } : {} }],
    },
  })
  cluster.logs.set(name, `${name} says hello\nand ends`)
}

const tool = (...args: readonly string[]) => place.tool(args, { KUBECONFIG: 'kubeconfig', KFP_TS_SERVER: '' })

describe('runs', () => {
  test('are listed with phase, progress, age and message', async () => {
    const { stdout } = await tool('runs', '--cluster')
    const [head, ...rows] = stdout.trim().split('\n')
    expect(head).toMatch(/^PHASE +RUN +PIPELINE +DONE +AGE +MESSAGE$/)
    expect(rows).toHaveLength(2)
    expect(stdout).toMatch(/Failed +bad +steps +2\/2 +\d+d +b: exit code 3/)
  })
  test('are chosen by state and pipeline', async () => {
    addRun('other', { phase: 'Failed', message: 'x' })
    const failed = JSON.parse((await tool('runs', '-n', 'ml', '--state', 'failed', '--json')).stdout)
    expect(failed.map(({ name }: { name: string }) => name)).toEqual(['bad', 'other'])
    const other = JSON.parse((await tool('runs', '-n', 'ml', '--pipeline', 'other', '--json')).stdout)
    expect(other).toHaveLength(1)
    expect((await tool('runs', '-n', 'ml', '--pipeline', 'no')).stdout).toBe('no such runs in namespace ml\n')
  })
})

describe('logs', () => {
  test('of several steps have their names in front, of one have not; a second attempt says so', async () => {
    addPod('root/a', 1, 'Succeeded', 0)
    addPod('root/b', 1, 'Failed', 3)
    addPod('root/b', 2, 'Failed', 3)
    const all = await tool('logs', 'bad', '-c')
    expect(all.stdout).toBe(
      'a | a-1 says hello\na | and ends\nb | b-1 says hello\nb | and ends\nb#2 | b-2 says hello\nb#2 | and ends\n',
    )
    expect((await tool('logs', 'bad', 'b', '-c', '--attempt', '2')).stdout).toBe('b-2 says hello\nand ends')
    expect((await tool('logs', 'bad', '-c', '--list')).stdout).toBe('a\nb\n')
  })
  test('of a task that is not there: the closest name', async () => {
    addPod('root/train', 1, 'Succeeded', 0)
    addPod('root/test', 1, 'Succeeded', 0)
    expect(await tool('logs', 'bad', 'trian', '-c')).toMatchObject({
      status: 2,
      stderr: 'error: no task "trian" has a log\n  did you mean "train"?\n',
    })
  })
  test('that are kept elsewhere: which, why not here, and what to do', async () => {
    addPod('root/b', 1, 'Failed', 3)
    const all = await tool('logs', 'bad', '-c')
    expect(all.stdout).toContain('b | b-1 says hello')
    expect(all.stderr).toContain(
      '1 log of pods that are gone not shown: there is no kfp-ts server (service kfp-ts-server in namespace ml or kfp-ts)',
    )
    expect(all.stderr).toContain('--server URL (KFP_TS_SERVER)')
    const one = await tool('logs', 'bad', 'a', '-c')
    expect(one).toMatchObject({ status: 2 })
    expect(one.stderr).toContain('task "a" has no pod any more')
  })
})

describe('describe', () => {
  test('tells what to look at, the attempts with their ends, and what to do next', async () => {
    addPod('root/a', 1, 'Succeeded', 0)
    addPod('root/b', 1, 'Failed', 137)
    addPod('root/b', 2, 'Failed', 3)
    const { stdout } = await tool('describe', 'bad', '-c')
    expect(stdout).toMatch(/^bad {2}Failed {2}2\/2\n {2}b: exit code 3\n/)
    expect(stdout).toContain('after 1 min 5 s')
    expect(stdout).toContain('To look at:\n  b: FAILED (application): exit code 3')
    expect(stdout).toMatch(
      /attempt 1: Failed .*exit code 137 \(pod b-1\)\n +attempt 2: Failed .*exit code 3 \(pod b-2\)/,
    )
    expect(stdout).toContain('1 more without a pod')
    expect(stdout).toContain('kfp-ts retry bad -n ml [--file EDITED] [--dry-run]')
  })
})

describe('explain', () => {
  const changes = [{ part: 'image', before: 'a', now: 'b' }]
  const told = [
    { task: 'root/loop[0]/a', hit: true, source: { runId: 'uid-1', runName: 'first', task: 'root/b' } },
    {
      task: 'root/b',
      hit: false,
      reason: 'no earlier result has this key',
      nearest: { runId: 'uid-1', task: 'root/b', changes },
    },
  ]
  test('says of each task what the cache said, in the words of a run of this machine', async () => {
    cluster.served.set('/runs/uid-good/cache', { tasks: told })
    expect((await tool('explain', 'good', '-c')).stdout).toBe(
      'loop[0]/a  hit: the result of b in run first\n' +
        'b  miss: no earlier result has this key\n  nearest: b in run uid-1; changed\n    image: a -> b\n',
    )
    expect((await tool('explain', 'good', 'a', '-c')).stdout).toBe('loop[0]/a  hit: the result of b in run first\n')
    expect(JSON.parse((await tool('explain', 'good', '-c', '--json')).stdout)).toEqual(told)
    expect((await tool('explain', 'good', 'c', '-n', 'ml')).stderr).toContain('no task "c" of this run asked the cache')
  })
  test('asks for a token only when the server wants one', async () => {
    cluster.served.set('/runs/uid-good/cache', { tasks: told })
    await tool('explain', 'good', '-c')
    expect(cluster.requests.filter((line) => line.startsWith('POST'))).toEqual([])
    cluster.token = 'secret'
    expect((await tool('explain', 'good', '-c')).stdout).toContain('loop[0]/a  hit')
    expect(cluster.requests.filter((line) => line.startsWith('POST'))).toEqual([
      'POST /api/v1/namespaces/ml/serviceaccounts/kfp-ts-reader/token',
    ])
  })
  test('of a run without a journal, or without a server, tells why not and the way out', async () => {
    cluster.served.set('/other', {})
    const none = await tool('explain', 'good', '-c')
    expect(none).toMatchObject({ status: 2 })
    expect(none.stderr).toContain('keeps no journal of run good (Succeeded)')
    cluster.served.clear()
    const alone = await tool('explain', 'good', '-c')
    expect(alone).toMatchObject({ status: 2 })
    expect(alone.stderr).toContain('there is no kfp-ts server (service kfp-ts-server in namespace ml or kfp-ts)')
    expect(alone.stderr).toContain('kfp-ts operator --serve')
  })
})

describe('runs whose resources are gone', () => {
  const record = (runId: string, name: string, state: string, more: object = {}) => ({
    ...{ runId, name, state, pipeline: 'steps', createdAt: '2026-01-01T00:00:00Z', ...more },
  })
  const old = record('uid-old', 'old', 'FAILED', { error: { message: 'a: exit code 3' } })
  beforeEach(() => {
    const runs = [record('uid-good', 'good', 'SUCCEEDED'), old, record('uid-new', 'new', 'PENDING')]
    cluster.served.set('/runs', { runs })
  })
  test('are listed: not those that are there, nor those that have no resource yet', async () => {
    const { stdout } = await tool('runs', '-n', 'ml', '--deleted')
    expect(stdout.trim().split('\n').slice(1)).toEqual([
      expect.stringMatching(/^Failed +old +steps +\d+d +a: exit code 3$/),
    ])
    expect((await tool('runs', '-n', 'ml', '--deleted', '--state', 'succeeded')).stdout).toBe(
      'no deleted runs in namespace ml\n',
    )
  })
  test('are described from the record', async () => {
    cluster.served.set('/runs', { runs: [old] })
    const tasks = [
      { path: 'root/a', state: 'FAILED', attempts: 1, error: { code: 'application', message: 'exit code 3' } },
    ]
    cluster.served.set('/runs/uid-old', { ...old, tasks })
    const { stdout } = await tool('describe', 'old', '-c')
    expect(stdout).toMatch(/^old {2}Failed\n {2}a: exit code 3\n {2}its PipelineRun was deleted/)
    expect(stdout).toContain('To look at:\n  a: FAILED: exit code 3')
    expect(JSON.parse((await tool('describe', 'old', '-c', '--json')).stdout)).toMatchObject({
      runId: 'uid-old',
      tasks,
    })
  })
  test('need one namespace, a cluster and a server', async () => {
    expect((await tool('runs', '--deleted')).stderr).toContain('--deleted is about runs of a cluster')
    expect((await tool('runs', '-A', '--deleted')).stderr).toContain('--deleted does not go with --all-namespaces')
    cluster.served.clear()
    const alone = await tool('runs', '-n', 'ml', '--deleted')
    expect(alone).toMatchObject({ status: 2 })
    expect(alone.stderr).toContain('there is no kfp-ts server')
  })
})

describe('retry', () => {
  test('raises the count; a run that succeeded or goes on has nothing to retry', async () => {
    expect((await tool('retry', 'bad', '-c')).stdout).toBe('bad runs again what failed\n')
    expect(cluster.runs.get('bad')!.spec).toMatchObject({ retryCount: 1, cancel: false })
    expect((await tool('retry', 'good', '-c')).stderr).toContain('with --file or --param only what changed runs')
    addRun('going', { phase: 'Running' })
    expect(await tool('retry', 'going', '-c')).toMatchObject({ status: 2 })
  })
  test('with an edited pipeline starts a run that reuses the earlier one, with its settings and arguments', async () => {
    addRun('set', { phase: 'Failed' }, { pipelineText: 'old', parallelism: 3, retryCount: 2, arguments: { gone: 1 } })
    place.write('edited.yaml', shellPipeline('steps', 'echo fixed'))
    const { stdout, stderr, status } = await tool('retry', 'set', '-c', '--file', 'edited.yaml', '--json')
    expect(status).toBe(0)
    expect(stderr).toContain('the pipeline takes no gone any more: left out')
    expect(JSON.parse(stdout).spec).toEqual({
      parallelism: 3,
      reuseFrom: { run: 'set' },
      pipelineText: shellPipeline('steps', 'echo fixed'),
      arguments: {},
    })
  })
  test('--dry-run without a server tells what the resource knows, and changes nothing', async () => {
    const { stdout, status } = await tool('retry', 'bad', '-c', '--dry-run')
    expect(status).toBe(0)
    expect(stdout).toContain('1 task finished and stay; 1 failed, 0 canceled and 1 not run so far')
    expect(stdout).toContain('b  run  it failed: exit code 3')
    expect(stdout).toContain('which tasks would run is not known: there is no kfp-ts server')
    expect(cluster.requests.filter((line) => !line.startsWith('GET'))).toEqual([])
  })
})

describe('submit', () => {
  test('--dry-run has the API server check the resource and keep nothing', async () => {
    const right = await tool('submit', 'p.yaml', '-n', 'ml', '--dry-run')
    expect(right.stdout).toContain('the cluster would take pipelinerun/steps-x1 in namespace ml')
    expect(cluster.requests.some((line) => line.includes('dryRun=All&fieldValidation=Strict'))).toBe(true)
    expect(cluster.runs.has('steps-x1')).toBe(false)
  })
})

describe('cancel and delete', () => {
  test('do it to the one run that is named', async () => {
    addRun('going', { phase: 'Running' })
    expect((await tool('cancel', 'going', '-c')).stdout).toBe('going is being canceled\n')
    expect(cluster.runs.get('going')!.spec.cancel).toBe(true)
    expect(await tool('cancel', 'good', '-c')).toMatchObject({ status: 2 })
    expect((await tool('delete', 'goo', '-c')).stderr).toContain('to delete "good", type its whole name')
    expect((await tool('delete', 'good', '-c')).stdout).toBe('good is deleted\n')
    expect(cluster.runs.has('good')).toBe(false)
  })
})

describe('what is in the way is told with a remedy, exit status 2', () => {
  const status = (reason: string, message: string) => JSON.stringify({ kind: 'Status', reason, message })
  const rows: readonly (readonly [string, number, string, readonly string[]])[] = [
    ['no operator', 404, '404 page not found\n', ['knows no PipelineRuns', 'kubectl apply -f manifests/install.yaml']],
    [
      'no right',
      403,
      status('Forbidden', 'User "eve" cannot list'),
      ['User "eve" cannot list', 'ask for the role kfp-ts-editor'],
    ],
    ['no login', 401, status('Unauthorized', 'Unauthorized'), ['refuses the credentials', 'log in again']],
  ]
  test.each(rows)('%s', async (_story, code, body, texts) => {
    cluster.refusal = { status: code, body }
    for (const command of [['runs'], ['describe', 'x'], ['retry', 'x'], ['cancel', 'x']]) {
      const answer = await tool(...command, '-c')
      expect(answer.status).toBe(2)
      for (const text of texts) expect(answer.stderr).toContain(text)
    }
  })
  test('no such run', async () => {
    expect(await tool('describe', 'goood', '-c')).toMatchObject({
      status: 2,
      stderr: 'error: there is no run "goood" in namespace ml\n  did you mean "good"?\n',
    })
  })
  test('nobody there, no kubeconfig, both targets at once', async () => {
    place.write('dead', cluster.kubeconfig.replace(/127.0.0.1:\d+/, '127.0.0.1:1'))
    const dead = await tool('runs', '--kubeconfig', 'dead')
    expect(dead.status).toBe(2)
    expect(dead.stderr).toContain('the cluster at http://127.0.0.1:1 does not answer: connect ECONNREFUSED')
    const none = await tool('runs', '--kubeconfig', 'nowhere')
    expect(none.stderr).toContain('the kubeconfig file nowhere does not exist')
    const both = await tool('runs', '--root', 'x', '-n', 'ml')
    expect(both.stderr).toContain('--root names this machine and --namespace a cluster')
  })
})
