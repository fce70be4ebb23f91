/** Who changed what: one line for each change through the API, except what runs log. Before: app.ts. */
import type { FastifyRequest } from 'fastify'
import type { Logger } from 'pino'
import { type Metadata, nextCounter } from '../store/metadata/database.ts'

interface Line {
  readonly at: number
  readonly actor: string
  readonly method: string
  readonly path: string
  readonly status: number
}

const FLUSH_MILLIS = 500
/** Measurements come by the thousand and name their run; artifacts are files of runs. */
const NOT_AUDITED = /\/(runs\/(log-|set-tag|update|outputs|search)|mlflow-artifacts\/|[a-z-]+\/search)/

/** Collects lines and writes them together; what a crash can lose is the last half second of lines, never the change. */
export class AuditLog {
  readonly #metadata: Metadata
  readonly #logger: Logger
  #lines: Line[] = []
  #timer: NodeJS.Timeout | undefined

  constructor(metadata: Metadata, logger: Logger) {
    this.#metadata = metadata
    this.#logger = logger
  }

  note(request: FastifyRequest, actor: string, status: number): void {
    const path = request.url.split('?')[0]!.slice(0, 1000)
    if (request.method === 'GET' || request.method === 'HEAD' || NOT_AUDITED.test(path)) return
    this.#lines.push({ at: this.#metadata.now(), actor, method: request.method, path, status })
    this.#timer ??= setTimeout(() => void this.flush(), FLUSH_MILLIS)
  }

  async flush(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const lines = this.#lines.splice(0)
    if (lines.length === 0) return
    try {
      await this.#metadata.transaction(async (db) => {
        for (const line of lines) {
          await db
            .insertInto('audit_log')
            .values({ ...line, seq: await nextCounter(db, 'audit') })
            .execute()
        }
      })
    } catch (error) {
      this.#logger.error({ err: error, lines: lines.length }, 'lines of the audit log could not be written')
    }
  }
}
