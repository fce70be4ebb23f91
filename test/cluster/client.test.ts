/** Runs on a cluster as a person and a program meet them: submit, look on, logs of pods that are gone, dry runs, an edited pipeline. */
import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { LABELS } from '../../api/pipeline-run.ts'
import { READER } from '../../client/caller-token.ts'
import { Client, type PipelineRun } from '../../client/index.ts'
import { PODS } from '../../client/kube/resources.ts'
import { KUBECONFIG, kube, kubectl, ROOT, until } from './support/cluster.ts'
import { useOperator, usePlace } from './support/fixtures.ts'
import { shellPipeline } from './support/pipelines.ts'
import { HOST } from './support/server.ts'

const place = usePlace('client')
const operator = useOperator(place, ['--serve', `${HOST}:0`])
let folder: string
let server: string

/**
 * The server as `manifests` install it: a Service, which leads to a pod. The API server's proxy takes no other address, so the pod
 * hands on to the process on this machine. And the account in whose name a kubeconfig asks it.
 */
async function exposeServer(): Promise<void> {
  const { hostname, port } = new URL(server)
  const name = 'kfp-ts-server'
  const handOn = `const net = require('node:net')
net.createServer((from) => {
  const to = net.connect(${port}, '${hostname}')
  from.pipe(to).pipe(from)
  for (const one of [from, to]) one.on('error', () => { from.destroy(); to.destroy() })
}).listen(8888)`
  const securityContext = {
    allowPrivilegeEscalation: false,
    runAsNonRoot: true,
    runAsUser: 65532,
    capabilities: { drop: ['ALL'] },
    seccompProfile: { type: 'RuntimeDefault' },
  }
  const readinessProbe = { tcpSocket: { port: 8888 }, periodSeconds: 1 }
  const container = { name: 'main', image: 'node:24-alpine', command: ['node', '-e', handOn] }
  const objects = [
    {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, labels: { app: name } },
      spec: {
        containers: [{ ...container, imagePullPolicy: 'IfNotPresent', securityContext, readinessProbe }],
        terminationGracePeriodSeconds: 0,
      },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name },
      spec: { selector: { app: name }, ports: [{ name: 'http', port: 8888 }] },
    },
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: READER } },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'Role',
      metadata: { name: READER },
      rules: [{ apiGroups: ['pipelines.kubeflow.org'], resources: ['runs'], verbs: ['get', 'list'] }],
    },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata: { name: READER },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: READER },
      subjects: [{ kind: 'ServiceAccount', name: READER, namespace: place.namespace }],
    },
  ]
  const file = join(folder, 'server.json')
  await writeFile(file, JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }))
  kubectl('apply', '-n', place.namespace, '-f', file)
  kubectl('wait', '-n', place.namespace, '--for=condition=Ready', 'pod', name, '--timeout=120s')
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kfp-ts-client-'))
  server = await until('the server answers', async () => /"server":"([^"]+)"/.exec(operator.log())?.[1])
  await exposeServer()
  await writeFile(join(folder, 'broken.yaml'), pipeline('echo broken >&2; exit 3'))
  await writeFile(join(folder, 'fixed.yaml'), pipeline('printf "$1-2" > "$OUT"'))
})
afterAll(async () => {
  if (folder) await rm(folder, { recursive: true, force: true })
})

const pipeline = (second: string) =>
  shellPipeline(
    'chain',
    {
      one: { script: 'echo this is one; printf 1 > "$OUT"' },
      two: { script: second, inputs: { from: 'one.out' } },
      three: { script: 'printf "$1-3" > "$OUT"', inputs: { from: 'two.out' } },
    },
    ['three'],
  )

interface Answer {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** @param onStart may end it early */
async function kfpTs(
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
  onStart?: (child: ReturnType<typeof spawn>) => void,
): Promise<Answer> {
  const child = spawn(join(ROOT, 'bin/kfp-ts.js'), args, {
    cwd: folder,
    env: { ...process.env, KUBECONFIG, KFP_TS_SERVER: '', KFP_TS_TOKEN: '', ...env },
  })
  let [stdout, stderr] = ['', '']
  child.stdout.on('data', (text) => (stdout += text))
  child.stderr.on('data', (text) => (stderr += text))
  onStart?.(child)
  const code = await new Promise<number | null>((done) => child.once('close', done))
  return { code, stdout, stderr }
}
const here = (...args: readonly string[]) => kfpTs([...args, '-n', place.namespace])
const withWrongToken = (...args: readonly string[]) => kfpTs([...args, '-n', place.namespace], { KFP_TS_TOKEN: 'x' })

const PROXIED = 'http:kfp-ts-server:http'

/** An account of its own, with a kubeconfig that has its token and no certificate. */
async function personMay(name: string, rules: readonly object[]): Promise<void> {
  const meta = { apiVersion: 'rbac.authorization.k8s.io/v1', metadata: { name } }
  const subjects = [{ kind: 'ServiceAccount', name, namespace: place.namespace }]
  const objects = [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name } },
    { ...meta, kind: 'Role', rules },
    { ...meta, kind: 'RoleBinding', roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name }, subjects },
  ]
  await writeFile(join(folder, `${name}.json`), JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }))
  kubectl('apply', '-n', place.namespace, '-f', join(folder, `${name}.json`))
  const config = JSON.parse(kubectl('config', 'view', '--raw', '--flatten', '--minify', '-o', 'json'))
  config.users[0].user = { token: kubectl('create', 'token', name, '-n', place.namespace).trim() }
  await writeFile(join(folder, `kubeconfig-${name}`), JSON.stringify(config))
}
const asPerson = (name: string, ...args: readonly string[]) =>
  kfpTs([...args, '-n', place.namespace], { KUBECONFIG: join(folder, `kubeconfig-${name}`) })

describe('the command line', () => {
  test('a run that fails, its story, a dry run of its retry, and its end by an edited pipeline', async () => {
    const failed = await here('submit', 'broken.yaml', '--name', 'first', '--wait')
    expect(failed.code).toBe(1)
    expect(failed.stdout).toContain('error: two: the step ended with exit code 3')
    expect(failed.stderr).toMatch(/one {2}succeeded/)

    const story = await here('describe', 'first')
    expect(story.stdout).toMatch(/two: FAILED \(application\): the step ended with exit code 3/)
    expect(story.stdout).toMatch(/SUCCEEDED +one/)
    expect(story.stdout).toMatch(/TaskFailed/)

    const foreseen = await here('retry', 'first', '--dry-run')
    expect(foreseen.stdout).toMatch(/one +keep +it finished\n/)
    expect(foreseen.stdout).toMatch(/two +run +it failed \(application\)/)
    expect(foreseen.stdout).toMatch(/three +run +it was never started; two runs first/)

    const edited = await here('retry', 'first', '--file', 'fixed.yaml', '--dry-run')
    expect(edited.stdout).toMatch(/one +reuse +nothing of it changed since run first/)
    expect(edited.stdout).toMatch(/two +run +it did not finish in run first \(FAILED\)/)
    expect(edited.stdout).toMatch(/three +depends/)
    expect(await place.runs.list()).toHaveLength(1)

    const fixed = await here('retry', 'first', '--file', 'fixed.yaml', '--name', 'second', '--wait', '--json')
    expect(fixed.code).toBe(0)
    const { status, spec } = JSON.parse(fixed.stdout) as PipelineRun
    expect(spec.reuseFrom).toEqual({ run: 'first' })
    expect(status).toMatchObject({ phase: 'Succeeded', outputs: { three: '1-2-3' }, podsCreated: 2 })

    // What the second took over, the third takes over from it: nothing is left to do.
    const third = await here('retry', 'second', '--file', 'fixed.yaml', '--wait', '--json')
    expect(JSON.parse(third.stdout).status).toMatchObject({ outputs: { three: '1-2-3' }, podsCreated: 0 })
  })

  test('explain says which results the cache had, and what changed since the nearest one', async () => {
    const cached = (script: string) => shellPipeline('cached', { one: { script, cache: true } })
    for (const [name, script] of [
      ['explained-1', 'printf 1 > "$OUT"'],
      ['explained-2', 'printf 1 > "$OUT"'],
      ['explained-3', 'printf 2 > "$OUT"'],
    ] as const) {
      await writeFile(join(folder, 'cached.yaml'), cached(script))
      expect((await here('submit', 'cached.yaml', '--name', name, '--wait')).code).toBe(0)
    }
    expect((await here('explain', 'explained-1')).stdout).toBe('one  miss: no earlier result has this key\n')
    expect((await here('explain', 'explained-2')).stdout).toBe('one  hit: the result of one in run explained-1\n')
    const [changed] = JSON.parse((await here('explain', 'explained-3', 'one', '--json')).stdout)
    expect(changed).toMatchObject({ task: 'root/one', hit: false, nearest: { runName: 'explained-1' } })
    expect(changed.nearest.changes.map(({ part }: { part: string }) => part)).toEqual(['command'])
  })

  test('logs of pods that are gone come from the server; without one it is said what to do', async () => {
    const steps = { namespace: place.namespace, labelSelector: LABELS.run }
    await kube.deleteCollection(PODS, steps, { gracePeriodSeconds: 0 })
    await until('the pods are gone', async () => (await kube.list(PODS, steps)).items.length === 0)
    const kept = await here('logs', 'first')
    expect(kept.stderr).toBe('')
    expect(kept.stdout).toContain('one | this is one\n')
    expect(kept.stdout).toContain('two | broken\n')
    expect((await here('logs', 'first', 'one')).stdout).toBe('this is one\n')
    const lost = await withWrongToken('logs', 'first', 'one')
    expect(lost.code).toBe(2)
    expect(lost.stderr).toMatch(/its kept log can only be read from a server: .* refuses with 401/)
    expect(lost.stderr).toContain('unset KFP_TS_TOKEN')
  })

  test('who may look at runs, and nothing more, may ask the server; who may not get its token is told whom to ask', async () => {
    await personMay('viewer', [
      { apiGroups: ['pipelines.kfp-ts.dev'], resources: ['pipelineruns'], verbs: ['get'] },
      { apiGroups: [''], resources: ['services/proxy'], resourceNames: [PROXIED], verbs: ['get', 'create'] },
      { apiGroups: [''], resources: ['serviceaccounts/token'], resourceNames: [READER], verbs: ['create'] },
    ])
    const seen = await asPerson('viewer', 'retry', 'first', '--dry-run')
    expect(seen.stdout).toMatch(/two +run +it failed \(application\)/)
    expect((await asPerson('viewer', 'explain', 'explained-2')).stdout).toContain('hit: the result of one')

    await personMay('caller', [
      { apiGroups: ['pipelines.kfp-ts.dev'], resources: ['pipelineruns'], verbs: ['get'] },
      { apiGroups: [''], resources: ['services/proxy'], resourceNames: [PROXIED], verbs: ['get', 'create'] },
    ])
    const unknown = await asPerson('caller', 'explain', 'explained-2')
    expect(unknown.code).toBe(2)
    expect(unknown.stderr).toContain(`you may not get a token of the account ${READER} in namespace`)
    expect(unknown.stderr).toContain(`ask for the role kfp-ts-viewer or kfp-ts-editor in namespace ${place.namespace}`)

    await personMay('outsider', [{ apiGroups: ['pipelines.kfp-ts.dev'], resources: ['pipelineruns'], verbs: ['get'] }])
    const outside = await asPerson('outsider', 'explain', 'explained-2')
    expect(outside.code).toBe(2)
    expect(outside.stderr).toContain('you may not reach the kfp-ts server')
    expect(outside.stderr).toContain(`ask for the role kfp-ts-viewer in namespace ${place.namespace}`)
  })

  test('Ctrl-C ends the waiting and not the run, and says how to go on', async () => {
    const command = ['submit', 'fixed.yaml', '--name', 'goes-on', '--no-cache', '--wait', '-n', place.namespace]
    const answer = await kfpTs(command, {}, (child) => {
      child.stderr!.on('data', (text) => String(text).includes('Running') && child.kill('SIGINT'))
    })
    expect(answer.code).toBe(130)
    expect(answer.stderr).toContain('run goes-on goes on:')
    expect(answer.stderr).toContain(`kfp-ts logs goes-on -n ${place.namespace} -f`)
    const logs = await here('logs', 'goes-on', '-f')
    expect(logs.stdout).toContain('one | this is one\n')
    expect((await place.runs.get('goes-on')).status?.phase).toBe('Succeeded')
  })

  test('mistakes are told with their remedy: exit status 2', async () => {
    const unknown = await here('describe', 'frist')
    expect(unknown).toMatchObject({ code: 2 })
    expect(unknown.stderr).toContain('did you mean "first"?')
    const name = await here('submit', 'fixed.yaml', '--name', 'Not_A_Name', '--dry-run')
    expect(name.code).toBe(2)
    expect(name.stderr).toContain('a lowercase RFC 1123 subdomain')
    const parallel = await here('runs', '--state', 'faild')
    expect(parallel.stderr).toContain('did you mean "failed"?')
  })
})

describe('the client', () => {
  test('follows, suspends, resumes, reads logs, lists, cancels and deletes', async () => {
    const client = new Client({ kubeconfig: KUBECONFIG, namespace: place.namespace })
    const run = await client.createRunFromFile(join(folder, 'fixed.yaml'), {
      enableCaching: false,
      spec: { suspend: true },
    })
    const paused = await until('it is paused', async () => (await run.status()).phase === 'Paused')
    expect(paused).toBe(true)
    await client.resume(run.name)
    let text = ''
    for await (const piece of run.logs({ follow: true, task: 'one' })) text += piece.text
    expect(text).toBe('this is one\n')
    expect(await run.wait({ timeoutMillis: 120_000 })).toMatchObject({
      phase: 'Succeeded',
      outputs: { three: '1-2-3' },
    })
    const phases: (string | undefined)[] = []
    for await (const { status } of client.watch(run.name)) phases.push(status?.phase)
    expect(phases).toEqual(['Succeeded'])
    expect((await client.list({ pipeline: 'chain' })).map(({ metadata }) => metadata.name)).toContain(run.name)
    expect(await client.list({ pipeline: 'other' })).toEqual([])
    await run.delete()
    await expect(client.getRun(run.name)).rejects.toMatchObject({ status: 404 })
    const listed = await here('runs', '--deleted', '--json')
    expect(JSON.parse(listed.stdout).map(({ name }: { name: string }) => name)).toEqual([run.name])
    const record = await here('describe', run.name)
    expect(record.stdout).toContain('its PipelineRun was deleted; this is what the server keeps of it')
    expect(record.stdout).toMatch(/SUCCEEDED +one/)
  })

  test('a run that reuses what is not there says so', async () => {
    const client = new Client({ kubeconfig: KUBECONFIG, namespace: place.namespace })
    const run = await client.createRunFromFile(join(folder, 'fixed.yaml'), { reuse: 'nothing' })
    const end = await run.wait({ timeoutMillis: 60_000 })
    expect(end).toMatchObject({ phase: 'Failed', reason: 'ReuseNotPossible' })
    expect(end.message).toContain('names the run "nothing", which is not in namespace')
  })
})
