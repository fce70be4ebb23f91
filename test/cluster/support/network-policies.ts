/** Who reaches whom while NetworkPolicies are enforced: asked from inside of pods, a step's among them. */
import { type KubeObject, PODS } from '../../../client/kube/resources.ts'
import type { PipelineRun } from '../../../client/runs.ts'
import { kube, kubectl, type Place, planPlace, submit, until } from './cluster.ts'
import { nodeIn, type OperatorPod } from './installed.ts'
import { shellPipeline } from './pipelines.ts'
import { script } from './servers.ts'

/** Where probes and the step listen; any port would do. */
const PORT = 9000
const LISTEN = `httpd -f -p ${PORT} -h /tmp`

interface Address {
  readonly host: string
  readonly port: number
}

interface Source {
  readonly namespace: string
  readonly name: string
}

export interface Probes {
  /** Tries everything that is asked about. @returns `WHO -> WHAT` of the connections that are not made, in order */
  refused(): string[]
  stop(): Promise<void>
}

/** Enforcing ends with `stop`, or when not all of them could be started. */
export async function startProbes(place: Place, operator: OperatorPod): Promise<Probes> {
  const outside = planPlace('outside')
  let run: PipelineRun | undefined
  const stop = async () => {
    script('network-policies.sh', 'stop')
    if (run) await place.runs.delete(run.metadata.name)
    kubectl('delete', 'pod', 'disguised', '-n', place.namespace, '--now', '--ignore-not-found')
    await outside.remove()
  }
  try {
    script('network-policies.sh', 'start')
    await outside.make()
    run = await submit(place, shellPipeline('listening', { listen: { script: LISTEN } }))
    const refused = await connections(operator, await startSources(place, outside, run))
    return { refused, stop }
  } catch (error) {
    // Why it could not start says more than what could not be undone.
    await stop().catch(() => {})
    throw error
  }
}

async function startSources(place: Place, outside: Place, run: PipelineRun): Promise<Record<string, Source>> {
  const prometheus = { 'app.kubernetes.io/name': 'prometheus' }
  return {
    stranger: await startProbe(outside.namespace, 'stranger', {}),
    prometheus: await startProbe(outside.namespace, 'prometheus', prometheus),
    // What a pipeline could make of its own pods.
    disguised: await startProbe(place.namespace, 'disguised', { ...prometheus, 'pipelines.kfp-ts.dev/run': 'x' }),
    step: await until('the step runs', async () => {
      const [pod] = await place.runs.pods(run)
      return pod?.phase === 'Running' && { namespace: place.namespace, name: pod.pod }
    }),
  }
}

async function connections(operator: OperatorPod, sources: Readonly<Record<string, Source>>): Promise<() => string[]> {
  const targets: Record<string, Address> = {
    server: { host: operator.ip, port: 8888 },
    metrics: { host: operator.ip, port: 8080 },
    step: { host: await addressOf(sources['step']!), port: PORT },
    stranger: { host: await addressOf(sources['stranger']!), port: PORT },
  }
  return () => {
    const answers = Object.entries(sources).flatMap(([who, source]) =>
      refusedFromShell(source, targets).map((what) => `${who} -> ${what}`),
    )
    return [...answers, ...(connectFromNode(operator.name, targets['step']!) ? [] : ['operator -> step'])].sort()
  }
}

/** A pod with a shell that listens, and to try connections from. */
async function startProbe(namespace: string, name: string, labels: Record<string, string>): Promise<Source> {
  await kube.create(PODS, namespace, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace, labels },
    spec: {
      terminationGracePeriodSeconds: 0,
      automountServiceAccountToken: false,
      securityContext: { runAsNonRoot: true, runAsUser: 65532, seccompProfile: { type: 'RuntimeDefault' } },
      containers: [
        {
          name: 'probe',
          image: 'busybox:latest',
          imagePullPolicy: 'IfNotPresent',
          command: ['sh', '-c', LISTEN],
          securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
        },
      ],
    },
  } as KubeObject)
  kubectl('wait', '--for=condition=Ready', `pod/${name}`, '-n', namespace, '--timeout=180s')
  return { namespace, name }
}

async function addressOf({ namespace, name }: Source): Promise<string> {
  const { status } = await kube.get<KubeObject & { status?: { podIP?: string } }>(PODS, namespace, name)
  return status?.podIP ?? ''
}

function refusedFromShell({ namespace, name }: Source, targets: Readonly<Record<string, Address>>): string[] {
  const lines = Object.entries(targets).map(
    ([what, { host, port }]) => `nc -w 2 ${host} ${port} </dev/null >/dev/null 2>&1 && echo ${what}`,
  )
  const made = kubectl('exec', '-n', namespace, name, '--', 'sh', '-c', `${lines.join('\n')}\ntrue`).split('\n')
  return Object.keys(targets).filter((what) => !made.includes(what))
}

function connectFromNode(pod: string, { host, port }: Address): boolean {
  const program = `net.connect({ host: '${host}', port: ${port}, timeout: 2000 })
    .on('connect', () => end('made')).on('error', () => end('not')).on('timeout', () => end('not'))
    function end(text) { console.log(text); process.exit() }`
  return nodeIn(pod, program).trim() === 'made'
}
