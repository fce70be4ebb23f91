/** The limits of an operator as claims of runs and pods on them. Pure. After: place-queue.ts lines them up. */
import type { RunView } from '../run-view.ts'
import type { Limits } from '../settings.ts'
import type { Claim, Limit } from './ledger.ts'
import type { Semaphores } from './semaphores.ts'

/** Share of a named pool. */
export interface PoolShare {
  readonly name: string
  readonly weight: number
}

/** What a pipeline's platform document asks for besides the run's own pool; known once the pipeline was read. */
export interface Locks {
  readonly mutexName?: string | undefined
  readonly semaphoreKey?: string | undefined
}

/**
 * Every run takes a place of the operator, its namespace, its pipeline, and of what it names. A semaphore that is one of `pools` is
 * that pool: what the operator was started with is not widened by who may write a ConfigMap.
 */
export function runClaims(
  run: Pick<RunView, 'namespace' | 'pipeline' | 'pool' | 'poolWeight'>,
  pools: Limits['pools'],
  locks: Locks = {},
): Claim[] {
  const { namespace, pipeline, pool, poolWeight = 1 } = run
  const { mutexName, semaphoreKey } = locks
  const isPool = semaphoreKey !== undefined && Object.hasOwn(pools, semaphoreKey)
  return [
    one('all'),
    one(`namespace/${namespace}`),
    ...(pipeline ? [one(`pipeline/${namespace}/${pipeline}`)] : []),
    ...(pool ? [{ key: `pool/${pool}`, amount: poolWeight }] : []),
    ...(semaphoreKey && !isPool ? [one(`semaphore/${namespace}/${semaphoreKey}`)] : []),
    ...(semaphoreKey && isPool && semaphoreKey !== pool ? [one(`pool/${semaphoreKey}`)] : []),
    ...(mutexName ? [one(`mutex/${namespace}/${mutexName}`)] : []),
  ]
}

export function podClaims(namespace: string, pipeline: string, pool: PoolShare | undefined): Claim[] {
  return [
    one('all'),
    one(`namespace/${namespace}`),
    one(`pipeline/${namespace}/${pipeline}`),
    ...(pool ? [{ key: `pool/${pool.name}`, amount: pool.weight }] : []),
  ]
}

const one = (key: string): Claim => ({ key, amount: 1 })

export function runLimit(limits: Limits, semaphores: Pick<Semaphores, 'limitOf'>, key: string): Limit | string {
  const [kind, namespace, name] = split(key)
  switch (kind) {
    case 'all':
      return reached(limits.activeRuns, 'active runs (--max-active-runs)')
    case 'namespace':
      return reached(limits.activeRunsPerNamespace, `active runs in namespace "${namespace}"`)
    case 'pipeline':
      return reached(limits.activeRunsPerPipeline, `active runs of pipeline "${name}"`)
    case 'mutex':
      return { width: 1, name: `the mutex "${name}"` }
    case 'semaphore':
      return semaphores.limitOf(namespace, name)
    default:
      return pool(limits, key)
  }
}

export function podLimit(limits: Limits, key: string): Limit | string {
  const [kind, namespace, name] = split(key)
  switch (kind) {
    case 'all':
      return reached(limits.pods, 'pods at once (--max-pods)')
    case 'namespace':
      return reached(limits.podsPerNamespace, `pods at once in namespace "${namespace}"`)
    case 'pipeline':
      return reached(limits.podsPerPipeline, `pods at once of pipeline "${name}"`)
    default:
      return pool(limits, key)
  }
}

/** A namespace has no `/`; what follows it may have some. */
function split(key: string): [string, string, string] {
  const [kind = '', namespace = '', ...rest] = key.split('/')
  return [kind, namespace, rest.join('/')]
}

function reached(width: number, what: string): Limit {
  return { width, name: `the limit of ${what}`, whenFull: `the limit of ${width} ${what} is reached` }
}

function pool(limits: Limits, key: string): Limit | string {
  const name = key.slice('pool/'.length)
  const width = limits.pools[name]
  if (width !== undefined) return { width, name: `the pool "${name}"` }
  const known = Object.keys(limits.pools).map((one) => `"${one}"`)
  return `the operator has no pool "${name}": ${known.length > 0 ? `it has ${known.join(', ')}` : 'it was started without --pool'}`
}
