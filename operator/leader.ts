/** One leader among replicas, by a Lease. Who can't renew in time stops acting before another may start. */
import type { KubeClient } from '../client/kube/client.ts'
import { type KubeObject, LEASES } from '../client/kube/resources.ts'
import { isNotFound } from '../client/kube/transport.ts'

export interface LeaderOptions {
  readonly kube: KubeClient
  readonly namespace: string
  readonly name: string
  readonly identity: string
  /** A lease that was not renewed for so long is free. @default 10_000 */
  readonly leaseMillis?: number
  /** @default 2_000 */
  readonly renewMillis?: number
  readonly onLost: () => void
  readonly onError?: (error: unknown) => void
}

interface Lease extends KubeObject {
  readonly spec?:
    | {
        readonly holderIdentity?: string | undefined
        readonly leaseDurationSeconds?: number | undefined
        readonly acquireTime?: string | undefined
        readonly renewTime?: string | undefined
        readonly leaseTransitions?: number | undefined
      }
    | undefined
}

export interface Leadership {
  /** Resolves when this replica leads. */
  readonly acquired: Promise<void>
  /** True while the lease is surely ours, by our own clock. */
  isHeld(): boolean
  /** Gives the lease back, so that another goes on at once. */
  release(): Promise<void>
}

export function campaign(options: LeaderOptions): Leadership {
  const { kube, namespace, name, identity } = options
  const leaseMillis = options.leaseMillis ?? 10_000
  const renewMillis = options.renewMillis ?? 2_000
  let renewedAt = 0
  let leading = false
  let stopped = false
  let timer: NodeJS.Timeout | undefined
  /** The look at the lease that is under way, or the last one. */
  let looking: Promise<void> = Promise.resolve()
  /** The other's lease as last seen, and when by our clock: clocks of two machines need not agree. */
  let observed: { version: string; at: number } | undefined
  let markAcquired: () => void = () => {}
  const acquired = new Promise<void>((resolve) => {
    markAcquired = resolve
  })

  const specOf = (transitions: number, acquireTime: string): Lease['spec'] => ({
    holderIdentity: identity,
    leaseDurationSeconds: Math.round(leaseMillis / 1000),
    acquireTime,
    renewTime: microTime(),
    leaseTransitions: transitions,
  })

  async function tryOnce(): Promise<boolean> {
    const lease = await read()
    if (!lease) {
      await kube.create<Lease>(LEASES, namespace, {
        apiVersion: 'coordination.k8s.io/v1',
        kind: 'Lease',
        metadata: { name, namespace },
        spec: specOf(0, microTime()),
      })
      return true
    }
    const holder = lease.spec?.holderIdentity
    if (holder && holder !== identity && !isExpired(lease)) return false
    const transitions = (lease.spec?.leaseTransitions ?? 0) + (holder === identity ? 0 : 1)
    const since = holder === identity ? (lease.spec?.acquireTime ?? microTime()) : microTime()
    // The resourceVersion in the object makes the API server refuse whoever comes second.
    await kube.replace<Lease>(LEASES, namespace, name, { ...lease, spec: specOf(transitions, since) })
    return true
  }

  async function read(): Promise<Lease | undefined> {
    try {
      return await kube.get<Lease>(LEASES, namespace, name)
    } catch (error) {
      if (isNotFound(error)) return undefined
      throw error
    }
  }

  function isExpired(lease: Lease): boolean {
    const version = lease.metadata.resourceVersion ?? ''
    if (observed?.version !== version) observed = { version, at: Date.now() }
    return Date.now() - observed.at > (lease.spec?.leaseDurationSeconds ?? 10) * 1000
  }

  async function round(): Promise<void> {
    const startedAt = Date.now()
    try {
      if (await tryOnce()) {
        renewedAt = startedAt
        if (!leading && !stopped) {
          leading = true
          markAcquired()
        }
      } else if (leading) lose()
    } catch (error) {
      options.onError?.(error)
    }
    if (leading && Date.now() - renewedAt > leaseMillis * 0.8) lose()
    if (!stopped) timer = setTimeout(look, leading ? renewMillis : Math.min(1000, renewMillis))
  }

  function look(): void {
    looking = round()
  }

  function lose(): void {
    leading = false
    stopped = true
    clearTimeout(timer)
    options.onLost()
  }

  look()
  return {
    acquired,
    isHeld: () => leading && Date.now() - renewedAt < leaseMillis * 0.8,
    async release() {
      stopped = true
      clearTimeout(timer)
      // What it writes would collide with ours, or make the lease ours once more.
      await looking
      leading = false
      const lease = await read()
      if (lease?.spec?.holderIdentity !== identity) return
      await kube.replace<Lease>(LEASES, namespace, name, {
        ...lease,
        spec: { ...lease.spec, holderIdentity: '', leaseDurationSeconds: 1 },
      })
    },
  }
}

const microTime = (): string => new Date().toISOString().replace('Z', '000Z')
