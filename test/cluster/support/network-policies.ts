/** Who reaches whom while NetworkPolicies are enforced: asked from inside of pods, a step's among them. */
import { type KubeObject, PODS } from '../../../client/kube/resources.ts'
import { kube, kubectl, makePlace, type Place, submit, until } from './cluster.ts'
import { nodeIn, type OperatorPod } from './installed.ts'
import { shellPipeline } from './pipelines.ts'
import { script } from './servers.ts'

/** Where probes and the step listen; any port would do. */
const PORT = 9000
const LISTEN = `httpd -f -p ${PORT} -h /tmp`
/** `WHO -> WHAT` to whether a connection is made. */
export type Reached = Readonly<Record<string, boolean>>

interface Address {
  readonly host: string
  readonly port: number
}

export interface Probes {
  /** Tries everything that is asked about. */
  tried(): Reached
  stop(): Promise<void>
}

/** Enforcing ends with `stop`. */
export async function startProbes(place: Place, operator: OperatorPod): Promise<Probes> {
  script('network-policies.sh', 'start')
  const outside = await makePlace('outside')
  const run = await submit(place, shellPipeline('listening', { listen: { script: LISTEN } }))
  const prometheus = { 'app.kubernetes.io/name': 'prometheus' }
  const sources: Record<string, { namespace: string; name: string }> = {
    stranger: await startProbe(outside.namespace, 'stranger', {}),
    prometheus: await startProbe(outside.namespace, 'prometheus', prometheus),
    // What a pipeline could make of its own pods.
    disguised: await startProbe(place.namespace, 'disguised', { ...prometheus, 'pipelines.kfp-ts.dev/run': 'x' }),
    step: await until('the step runs', async () => {
      const [pod] = await place.runs.pods(run)
      return pod?.phase === 'Running' && { namespace: place.namespace, name: pod.pod }
    }),
  }
  const targets: Record<string, Address> = {
    server: { host: operator.ip, port: 8888 },
    metrics: { host: operator.ip, port: 8080 },
    step: { host: await addressOf(sources['step']!), port: PORT },
    stranger: { host: await addressOf(sources['stranger']!), port: PORT },
  }
  return {
    tried() {
      const answers = Object.entries(sources).flatMap(([who, { namespace, name }]) =>
        connectFromShell(namespace, name, targets).map(([what, made]) => [`${who} -> ${what}`, made]),
      )
      const ofOperator = connectFromNode(operator.name, targets['step']!)
      return { ...Object.fromEntries(answers), 'operator -> step': ofOperator }
    },
    async stop() {
      script('network-policies.sh', 'stop')
      await place.runs.delete(run.metadata.name)
      kubectl('delete', 'pod', 'disguised', '-n', place.namespace, '--now', '--ignore-not-found')
      await outside.remove()
    },
  }
}

/** A pod with a shell that listens, and to try connections from. */
async function startProbe(
  namespace: string,
  name: string,
  labels: Record<string, string>,
): Promise<{ namespace: string; name: string }> {
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
  kubectl('wait', '--for=condition=Ready', `pod/${name}`, '-n', namespace, '--timeout=60s')
  return { namespace, name }
}

async function addressOf({ namespace, name }: { namespace: string; name: string }): Promise<string> {
  const { status } = await kube.get<KubeObject & { status?: { podIP?: string } }>(PODS, namespace, name)
  return status?.podIP ?? ''
}

function connectFromShell(
  namespace: string,
  pod: string,
  targets: Readonly<Record<string, Address>>,
): [what: string, made: boolean][] {
  const lines = Object.entries(targets).map(
    ([what, { host, port }]) => `nc -w 2 ${host} ${port} </dev/null >/dev/null 2>&1 && echo ${what}`,
  )
  const made = kubectl('exec', '-n', namespace, pod, '--', 'sh', '-c', `${lines.join('\n')}\ntrue`).split('\n')
  return Object.keys(targets).map((what) => [what, made.includes(what)])
}

function connectFromNode(pod: string, { host, port }: Address): boolean {
  const program = `net.connect({ host: '${host}', port: ${port}, timeout: 2000 })
    .on('connect', () => end('made')).on('error', () => end('not')).on('timeout', () => end('not'))
    function end(text) { console.log(text); process.exit() }`
  return nodeIn(pod, program).trim() === 'made'
}
