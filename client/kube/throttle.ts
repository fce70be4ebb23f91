/** A KubeTransport that bounds requests in flight and adapts: 429, 5xx and lost connections halve the bound, quiet answers raise it. */
import { KubeConnectionError, type KubeRequest, type KubeResponse, type KubeTransport } from './transport.ts'

export interface ThrottleOptions {
  /** Requests in flight at most. @default 48 */
  readonly maxInFlight?: number | undefined
  /** Tries of one request before its failure is handed on. @default 4 */
  readonly maxTries?: number | undefined
  /** @default 250 */
  readonly firstDelayMillis?: number | undefined
  readonly onThrottled?: (status: number) => void
  readonly sleep?: (millis: number) => Promise<void>
}

export function throttle(inner: KubeTransport, options: ThrottleOptions = {}): KubeTransport {
  const limit = createLimit(options.maxInFlight ?? 48)
  const maxTries = options.maxTries ?? 4
  const firstDelay = options.firstDelayMillis ?? 250
  const sleep = options.sleep ?? ((millis: number) => new Promise<void>((resolve) => setTimeout(resolve, millis)))

  async function once(request: KubeRequest): Promise<KubeResponse | KubeConnectionError> {
    await limit.enter()
    try {
      const response = await inner.request(request)
      if (isOverload(response.status)) limit.shrink()
      else limit.grow()
      return response
    } catch (error) {
      if (!(error instanceof KubeConnectionError)) throw error
      limit.shrink()
      return error
    } finally {
      limit.leave()
    }
  }

  return {
    stream: (request) => inner.stream(request),
    async request(request) {
      for (let attempt = 1; ; attempt++) {
        const answer = await once(request)
        const failed = answer instanceof KubeConnectionError
        if (!failed && !isOverload(answer.status)) return answer
        options.onThrottled?.(failed ? 0 : answer.status)
        if (attempt >= maxTries || request.signal?.aborted) {
          if (failed) throw answer
          return answer
        }
        const asked = failed ? undefined : answer.retryAfterMillis
        await sleep(Math.max(asked ?? 0, firstDelay * 2 ** (attempt - 1)))
      }
    },
  }
}

const isOverload = (status: number): boolean => status === 429 || status >= 500

/** A counting gate whose width moves between 1 and `max`: additive increase, multiplicative decrease. */
function createLimit(max: number) {
  let width = max
  let inFlight = 0
  const waiting: (() => void)[] = []
  const admit = (): void => {
    while (inFlight < Math.floor(width) && waiting.length > 0) {
      inFlight++
      waiting.shift()!()
    }
  }
  return {
    enter: (): Promise<void> =>
      new Promise((resolve) => {
        waiting.push(resolve)
        admit()
      }),
    leave: (): void => {
      inFlight--
      admit()
    },
    shrink: (): void => {
      width = Math.max(1, width / 2)
    },
    grow: (): void => {
      width = Math.min(max, width + 1 / width)
    },
  }
}
