/** Model deployments of `kfp-ts serve`: one `kfp-ts serve-model` process each, started again after a restart. Before: commands/serve.ts. */
import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { sql } from 'kysely'
import type { ModelDeploymentStatus, ServingCondition } from '../../api/model-deployment.ts'
import type { DeployedModel, DeploymentWish, ModelDeployments } from '../../server/model-deployments.ts'
import type { ExecutorParts } from '../../server/start.ts'

export interface LocalDeployments extends ModelDeployments {
  /** Starts what an earlier process of this server had deployed. */
  resume(): Promise<void>
  stop(): Promise<void>
}

const PROGRAM = fileURLToPath(new URL('../../bin/kfp-ts.js', import.meta.url))
const SETTING = 'model-deployments'
/** The servers look at their alias so often. */
const REFRESH_SECONDS = 1
const LONGEST_WAIT_MILLIS = 30_000

type Parts = Pick<ExecutorParts, 'metadata' | 'logger' | 'url'>
/** `name` is unique on the machine: an open server has one workspace. */
type Wishes = Readonly<Record<string, DeploymentWish>>

export function localDeployments(parts: Parts): LocalDeployments {
  const running = new Map<string, ModelProcess>()
  const start = (name: string, wish: DeploymentWish): ModelProcess => {
    const process = new ModelProcess(parts, name, wish)
    running.set(name, process)
    return process
  }

  return {
    async apply(_namespace, name, wish) {
      const same = running.get(name)
      if (same && JSON.stringify(same.wish) === JSON.stringify(wish)) return await same.view()
      await saveWishes(parts, (all) => ({ ...all, [name]: wish }))
      // Not the one of before: two may ask for the same name at once.
      const old = running.get(name)
      const fresh = start(name, wish)
      await old?.stop()
      return await fresh.view()
    },
    list: async () => await Promise.all([...running.values()].map((process) => process.view())),
    async remove(_namespace, name) {
      await saveWishes(parts, ({ [name]: _gone, ...rest }) => rest)
      const old = running.get(name)
      running.delete(name)
      await old?.stop()
    },
    async resume() {
      for (const [name, wish] of Object.entries(await readWishes(parts))) start(name, wish)
    },
    async stop() {
      await Promise.all([...running.values()].map((process) => process.stop()))
    },
  }
}

async function readWishes({ metadata }: Parts): Promise<Wishes> {
  const row = await metadata.db.selectFrom('settings').select('value').where('key', '=', SETTING).executeTakeFirst()
  return JSON.parse(row?.value ?? '{}') as Wishes
}

async function saveWishes({ metadata }: Parts, change: (all: Wishes) => Wishes): Promise<void> {
  await metadata.transaction(async (db) => {
    // Written before it is read: another who changes it waits until this transaction ends.
    const { value } = await db
      .insertInto('settings')
      .values({ key: SETTING, value: '{}' })
      .onConflict((conflict) => conflict.column('key').doUpdateSet({ value: sql`settings.value` }))
      .returning('value')
      .executeTakeFirstOrThrow()
    const changed = JSON.stringify(change(JSON.parse(value) as Wishes))
    await db.updateTable('settings').set({ value: changed }).where('key', '=', SETTING).execute()
  })
}

/** One prediction server, started again when it ends without being told to. */
class ModelProcess {
  readonly wish: DeploymentWish
  readonly #name: string
  readonly #parts: Parts
  #child: ChildProcess | undefined
  #url: string | undefined
  #trouble = 'not started yet'
  #since = new Date().toISOString()
  #stopped = false
  #failures = 0
  #timer: NodeJS.Timeout | undefined

  constructor(parts: Parts, name: string, wish: DeploymentWish) {
    this.#parts = parts
    this.#name = name
    this.wish = wish
    this.#start()
  }

  #start(): void {
    const { model, alias, version } = this.wish
    const place = `models:/${model}${alias ? `@${alias}` : `/${version}`}`
    const args = ['serve-model', place, '--url', this.#parts.url(), '--port', '0', '--refresh', String(REFRESH_SECONDS)]
    const child = spawn(process.execPath, [PROGRAM, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
    this.#child = child
    let said = ''
    child.stdout.on('data', (chunk: Buffer) => {
      if (this.#url) return
      said += chunk.toString()
      this.#url = /at (http:\/\/\S+)/.exec(said)?.[1]
      if (this.#url) this.#started()
    })
    child.stderr.on('data', (chunk: Buffer) => {
      this.#trouble = chunk.toString().trim().slice(-1000) || this.#trouble
    })
    child.once('exit', (code) => this.#ended(code))
  }

  #started(): void {
    this.#since = new Date().toISOString()
    this.#failures = 0
  }

  #ended(code: number | null): void {
    this.#child = undefined
    this.#url = undefined
    if (this.#stopped) return
    this.#since = new Date().toISOString()
    this.#failures += 1
    const wait = Math.min(LONGEST_WAIT_MILLIS, 500 * 2 ** this.#failures)
    this.#parts.logger.warn({ deployment: this.#name, code }, `a prediction server ended: ${this.#trouble}`)
    this.#timer = setTimeout(() => this.#start(), wait)
    this.#timer.unref()
  }

  async view(): Promise<DeployedModel> {
    const version = await this.#servedVersion()
    const ready: ServingCondition = {
      type: 'Ready',
      status: version === undefined ? 'False' : 'True',
      reason: version === undefined ? 'Progressing' : 'Ready',
      message: version === undefined ? this.#trouble : `version ${version} is served`,
      lastTransitionTime: this.#since,
    }
    const status: ModelDeploymentStatus = {
      replicas: 1,
      readyReplicas: version === undefined ? 0 : 1,
      ...(version !== undefined && { version, servedVersion: version }),
      ...(this.#url && { url: this.#url }),
      conditions: [ready],
    }
    return { name: this.#name, spec: this.wish, status }
  }

  async #servedVersion(): Promise<string | undefined> {
    if (!this.#url) return undefined
    try {
      const response = await fetch(`${this.#url}/v1/models/${encodeURIComponent(this.wish.model)}`)
      return ((await response.json()) as { version?: string }).version
    } catch {
      // It is just ending, or starting: not ready.
      return undefined
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true
    clearTimeout(this.#timer)
    const child = this.#child
    if (!child) return
    const ended = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGTERM')
    await ended
  }
}
