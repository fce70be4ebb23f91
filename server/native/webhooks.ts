/** `POST /api/v1/schedules/NAME/webhook`: an event for a schedule that listens to one, by callers that sign or are known. Before: app.ts. */
import { randomUUID } from 'node:crypto'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { JsonValue } from '../../api/json.ts'
import { invalid, MetadataError, notFound } from '../../store/metadata/errors.ts'
import { findSignal, insertSignals } from '../../store/metadata/signals.ts'
import type { Services } from '../context.ts'
import { noteActor } from '../guard.ts'
import { identify, refuseStep, requireRight } from '../identify.ts'
import { parseJson } from '../parse-json.ts'
import { HttpError } from '../problem.ts'
import type { CalledSchedule } from '../schedules.ts'
import { isSignedBy } from '../webhook-secrets.ts'

const MAX_BODY_BYTES = 1024 * 1024
const MAX_KEY_LENGTH = 200
/** Where callers say which call this is: our own and the API standard's first, then GitHub's and GitLab's. */
const KEY_HEADERS = ['idempotency-key', 'x-github-delivery', 'x-gitlab-event-uuid']
const SIGNATURE_HEADERS = ['x-hub-signature-256', 'x-signature-256']

export function registerWebhooks(app: FastifyInstance, services: Services): void {
  // The signature is over the bytes.
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: MAX_BODY_BYTES }, (_request, body, done) =>
    done(null, body),
  )
  app.post('/schedules/:name/webhook', async (request, reply) => {
    const answer = await receive(services, request)
    return reply.code(answer.state === 'Pending' ? 202 : 200).send(answer)
  })
}

async function receive(services: Services, request: FastifyRequest) {
  const { name } = request.params as { name: string }
  const namespace = (request.query as { namespace?: unknown }).namespace ?? ''
  if (typeof namespace !== 'string') throw invalid('namespace must be given once')
  const body = request.body instanceof Uint8Array ? request.body : new Uint8Array()
  const schedule = await services.schedules.called(namespace, name)
  await requireCaller(services, request, { namespace, name, body, schedule })
  if (!schedule) throw notFound(`There is no schedule ${name}`)
  const { webhook, owner } = schedule
  if (!webhook) {
    const message = `Schedule ${name} listens to no webhook: add triggers: [{webhook: {}}], or use /schedules/${name}/run`
    throw new MetadataError('failed-precondition', message)
  }
  const payload = (parseJson(Buffer.from(body).toString('utf8')) ?? {}) as JsonValue
  const parameters = mappedParameters(payload, webhook.parameters ?? {})
  await schedule.check?.(parameters)
  const key = keyOf(request)
  const at = services.metadata.now()
  const values = { kind: 'webhook', id: `key:${key}`, at: new Date(at).toISOString(), key, payload }
  const signal = { id: `key:${key}`, trigger: 'webhook', at, values, parameters }
  const fresh = await services.metadata.transaction((db) => insertSignals(db, owner, [signal], at))
  if (fresh > 0) services.schedules.changed()
  return await answerOf(services, schedule, key, payload)
}

/** A right signature, or an identity that may create runs there. */
async function requireCaller(
  services: Services,
  request: FastifyRequest,
  call: { namespace: string; name: string; body: Uint8Array; schedule: CalledSchedule | undefined },
): Promise<void> {
  const signature = SIGNATURE_HEADERS.map((header) => request.headers[header]).find((value) => value !== undefined)
  const secretName = call.schedule?.webhook?.secret
  if (signature !== undefined) {
    const secret = secretName && (await services.webhookSecrets(call.namespace, secretName))
    if (secretName && !secret)
      services.logger.warn({ schedule: call.name, secret: secretName }, 'the secret of a webhook is not there')
    if (secret && typeof signature === 'string' && isSignedBy(secret, call.body, signature))
      return noteActor(request, `webhook:${call.name}`)
    throw new HttpError(401, 'Unauthenticated: the signature does not fit a secret of this webhook')
  }
  if (secretName && !services.access.multiUser)
    throw new HttpError(401, 'Unauthenticated: this webhook takes signed calls (X-Hub-Signature-256: sha256=HEX)')
  const caller = await identify(services, request, { verb: 'create', resource: 'runs', api: 'kfp' })
  refuseStep(caller)
  if (services.access.multiUser) await requireRight(services, caller, 'create', 'runs', call.namespace)
}

function keyOf(request: FastifyRequest): string {
  const given = KEY_HEADERS.map((header) => request.headers[header]).find((value) => value !== undefined)
  const key = given ?? randomUUID()
  if (typeof key === 'string' && key.length > 0 && key.length <= MAX_KEY_LENGTH) return key
  throw invalid(`Idempotency-Key must be one text of at most ${MAX_KEY_LENGTH} characters`)
}

/** Every parameter whose value the body does not have is told. */
function mappedParameters(payload: JsonValue, ways: Readonly<Record<string, string>>): Record<string, JsonValue> {
  const found = Object.entries(ways).map(([name, way]) => ({ name, way, value: valueAt(way.split('.'), payload) }))
  const missing = found.filter(({ value }) => value === undefined)
  if (missing.length > 0)
    throw invalid(`The body has no ${missing.map(({ way, name }) => `${way} (parameter ${name})`).join(', ')}`)
  return Object.fromEntries(found.map(({ name, value }) => [name, value as JsonValue]))
}

function valueAt(way: readonly string[], from: JsonValue | undefined): JsonValue | undefined {
  return way.reduce<JsonValue | undefined>(
    (value, name) =>
      value !== null && typeof value === 'object' && Object.hasOwn(value, name)
        ? (value as Readonly<Record<string, JsonValue>>)[name]
        : undefined,
    from,
  )
}

async function answerOf({ metadata }: Services, schedule: CalledSchedule, key: string, payload: JsonValue) {
  const row = (await findSignal(metadata.db, schedule.owner, `key:${key}`))!
  const stored = JSON.parse(row.body) as { values: { payload: JsonValue } }
  if (JSON.stringify(stored.values.payload) !== JSON.stringify(payload))
    throw new MetadataError('conflict', `Idempotency-Key ${key} was used with another body: take a new key`)
  const run = row.run === null ? {} : { runName: row.run, runId: schedule.runIdOf?.(row.run) }
  return { key, state: row.outcome ?? 'Pending', ...run }
}
