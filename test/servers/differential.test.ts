/** The same calls to a real `mlflow server` and to ours, on the same kind of database: status, error code and content are equal. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type MlflowServer, startMlflow } from './mlflow-server.ts'
import { call, startTestServer, type TestServer } from './test-server.ts'

const API = '/api/2.0/mlflow'
let ours: TestServer
let theirs: MlflowServer
let directory: string

beforeAll(async () => {
  ours = await startTestServer()
  directory = mkdtempSync(join(tmpdir(), 'kfp-ts-mlflow-'))
  theirs = await startMlflow({ database: `sqlite:///${directory}/mlflow.db`, directory }, '--workers', '1')
})
afterAll(async () => {
  await ours?.close()
  await theirs?.stop()
  rmSync(directory, { recursive: true, force: true })
})

/** Names for ids, so that answers of two servers compare: each server fills its own. */
type Names = Map<string, string>

interface Step {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  readonly path: string
  /** `$name` stands for an id that an earlier step stored. */
  readonly fields: Readonly<Record<string, unknown>>
  /** Stores an id of the answer under a name. */
  readonly store?: { readonly name: string; readonly at: readonly string[] }
}

const post = (path: string, fields: object, name?: string, at?: string[]): Step => ({
  method: 'POST',
  path,
  fields: fields as Record<string, unknown>,
  ...(name && at && { store: { name, at } }),
})
const get = (path: string, fields: object): Step => ({ method: 'GET', path, fields: fields as Record<string, unknown> })
const search = (fields: object): Step => post('runs/search', { experiment_ids: ['$exp'], ...fields })

const RUN_ID = ['run', 'info', 'run_id']
const run = (name: string, start: number): Step =>
  post('runs/create', { experiment_id: '$exp', run_name: name, user_id: 'u', start_time: start }, name, RUN_ID)
const batch = (name: string, acc: unknown, depth: string, tag?: string): Step =>
  post('runs/log-batch', {
    run_id: `$${name}`,
    metrics: [
      { key: 'acc', value: acc, timestamp: 10, step: 0 },
      { key: 'loss', value: 1, timestamp: 10, step: 0 },
      { key: 'loss', value: 0.5, timestamp: 11, step: 1 },
    ],
    params: [{ key: 'depth', value: depth }],
    tags: tag ? [{ key: 'team', value: tag }] : [],
  })

const FILTERS = [
  'metrics.acc > 0.5',
  'metrics.acc >= 0.9',
  'metrics.acc = 0.5',
  'metrics.acc != 0.5',
  'metric.loss < 0.6 and params.depth = "3"',
  "params.depth != '3'",
  "params.depth LIKE '1%'",
  "params.depth IN ('3')",
  "tags.team = 'red'",
  "tags.team != 'red'",
  "tags.team ILIKE 'RE%'",
  "tags.team LIKE 'RE%'",
  'tags.team IS NULL',
  'tags.team IS NOT NULL',
  "attributes.run_name = 'r1'",
  "run_name LIKE 'r%'",
  "attribute.status = 'RUNNING'",
  "status != 'FINISHED'",
  'start_time > 1500',
  'attributes.end_time < 5000',
  "run_id IN ('nope')",
  'metrics.acc > "0.5"',
  "metrics.acc LIKE '1'",
  'params.depth = 3',
  'metrics.acc > 0.5 OR metrics.acc < 0.1',
  '(metrics.acc > 0.5)',
  "foo.bar = 'x'",
  "attributes.nope = 'x'",
  'metrics.acc >',
  "tags.`team` = 'red'",
  'tags."team" = \'red\'',
  "datasets.name = 'ds'",
  "datasets.context = 'train'",
]
const ORDERS = [
  ['metrics.acc DESC'],
  ['metrics.acc ASC'],
  ['params.depth'],
  ['tags.team DESC'],
  ['start_time ASC'],
  ['attributes.run_name DESC'],
  ['metrics.missing DESC', 'start_time ASC'],
  ['metrics.acc', 'metrics.acc DESC'],
  ['nope.x'],
  ['attributes.nope'],
]

const SCRIPT: readonly Step[] = [
  post('experiments/create', { name: 'e1', tags: [{ key: 'a', value: 'b' }] }, 'exp', ['experiment_id']),
  post('experiments/create', { name: 'e1' }),
  post('experiments/create', {}),
  get('experiments/get', { experiment_id: '$exp' }),
  get('experiments/get', { experiment_id: '999999' }),
  get('experiments/get-by-name', { experiment_name: 'e1' }),
  get('experiments/get-by-name', { experiment_name: 'nope' }),
  run('r1', 1000),
  run('r2', 2000),
  run('r3', 3000),
  run('r4', 4000),
  batch('r1', 0.9, '3', 'red'),
  batch('r2', 0.5, '10', 'blue'),
  batch('r3', 'NaN', '3'),
  post('runs/log-inputs', {
    run_id: '$r1',
    datasets: [
      {
        tags: [{ key: 'mlflow.data.context', value: 'train' }],
        dataset: { name: 'ds', digest: 'd1', source_type: 'local', source: 's' },
      },
    ],
  }),
  post('runs/update', { run_id: '$r1', status: 'FINISHED', end_time: 4500 }),
  get('runs/get', { run_id: '$r1' }),
  get('runs/get', { run_id: '0123456789abcdef0123456789abcdef' }),
  get('metrics/get-history', { run_id: '$r1', metric_key: 'loss' }),
  get('metrics/get-history', { run_id: '$r1', metric_key: 'nope' }),
  post('runs/log-parameter', { run_id: '$r1', key: 'depth', value: '3' }),
  post('runs/log-parameter', { run_id: '$r1', key: 'depth', value: '4' }),
  post('runs/log-metric', { run_id: '$r1', key: 'acc', timestamp: 1 }),
  post('runs/log-metric', { run_id: '$r1', key: 'acc', value: 'x', timestamp: 1 }),
  post('runs/log-metric', { run_id: '$r1', key: '../x', value: 1, timestamp: 1 }),
  post('runs/set-tag', { run_id: '$r1', key: 'team', value: 'red' }),
  post('runs/delete-tag', { run_id: '$r1', key: 'nope' }),
  post('runs/log-batch', {
    run_id: '$r1',
    metrics: Array.from({ length: 1001 }, (_, i) => ({ key: `k${i}`, value: 1, timestamp: 1, step: 0 })),
  }),
  ...FILTERS.map((filter) => search({ filter })),
  ...ORDERS.map((order_by) => search({ order_by })),
  search({ max_results: 2 }),
  search({ max_results: 0 }),
  post('runs/delete', { run_id: '$r2' }),
  search({}),
  search({ run_view_type: 'DELETED_ONLY' }),
  search({ run_view_type: 'ALL' }),
  post('runs/log-metric', { run_id: '$r2', key: 'a', value: 1, timestamp: 1 }),
  post('runs/restore', { run_id: '$r2' }),
  post('experiments/search', { max_results: 10, filter: "name LIKE 'e%'" }),
  post('experiments/search', { max_results: 10, filter: "tags.a = 'b'" }),
  post('experiments/search', { max_results: 10, filter: "nope = 'b'" }),
  post('registered-models/create', { name: 'm', description: 'd', tags: [{ key: 'k', value: 'v' }] }),
  post('registered-models/create', { name: 'm' }),
  post('registered-models/create', { name: '' }),
  get('registered-models/get', { name: 'm' }),
  get('registered-models/get', { name: 'nope' }),
  post('model-versions/create', { name: 'm', source: 'mlflow-artifacts:/x/y', run_id: '$r1' }),
  post('model-versions/create', { name: 'm', source: 'file:///etc/passwd' }),
  post('model-versions/create', { name: 'm', source: '/etc/passwd' }),
  post('model-versions/create', { name: 'm', source: 's3://b/../../x' }),
  post('model-versions/create', { name: 'm', source: 'mlflow-artifacts:/$exp/$r1/artifacts/model', run_id: '$r1' }),
  post('model-versions/create', { name: 'm', source: 's3://bucket/model' }),
  post('model-versions/create', { name: 'm', source: 'mlflow-artifacts:/x/z' }),
  post('model-versions/create', { name: 'nope', source: 'mlflow-artifacts:/x/z' }),
  get('model-versions/get', { name: 'm', version: '1' }),
  get('model-versions/get', { name: 'm', version: '99' }),
  get('model-versions/get', { name: 'm', version: 'x' }),
  post('registered-models/alias', { name: 'm', alias: 'champion', version: '1' }),
  post('registered-models/alias', { name: 'm', alias: 'v1', version: '1' }),
  post('registered-models/alias', { name: 'm', alias: 'latest', version: '1' }),
  post('registered-models/alias', { name: 'm', alias: 'champion', version: '77' }),
  get('registered-models/alias', { name: 'm', alias: 'champion' }),
  get('registered-models/alias', { name: 'm', alias: 'nope' }),
  post('model-versions/transition-stage', {
    name: 'm',
    version: '1',
    stage: 'production',
    archive_existing_versions: false,
  }),
  post('model-versions/transition-stage', {
    name: 'm',
    version: '2',
    stage: 'Production',
    archive_existing_versions: true,
  }),
  post('model-versions/transition-stage', { name: 'm', version: '2', stage: 'nope', archive_existing_versions: false }),
  post('registered-models/get-latest-versions', { name: 'm' }),
  post('registered-models/get-latest-versions', { name: 'm', stages: ['Production'] }),
  get('model-versions/search', { filter: "name = 'm'" }),
  get('model-versions/search', { filter: "name = 'm' and tags.x = 'y'" }),
  get('registered-models/search', { filter: "name LIKE 'm%'" }),
  get('registered-models/search', { filter: "tags.k = 'v' AND tag.`mlflow.prompt.is_prompt` != 'true'" }),
  get('registered-models/search', { filter: 'nope' }),
  get('model-versions/get-download-uri', { name: 'm', version: '1' }),
  { method: 'PATCH', path: 'registered-models/update', fields: { name: 'm', description: 'new' } },
  { method: 'PATCH', path: 'model-versions/update', fields: { name: 'm', version: '1', description: 'new' } },
  { method: 'DELETE', path: 'model-versions/delete', fields: { name: 'm', version: '2' } },
  { method: 'DELETE', path: 'registered-models/alias', fields: { name: 'm', alias: 'champion' } },
  { method: 'DELETE', path: 'registered-models/delete', fields: { name: 'm' } },
  { method: 'DELETE', path: 'registered-models/delete', fields: { name: 'm' } },
  post('experiments/delete', { experiment_id: '$exp' }),
  post('runs/create', { experiment_id: '$exp', start_time: 1 }),
  post('experiments/restore', { experiment_id: '$exp' }),
  post('experiments/update', { experiment_id: '$exp', new_name: 'e2' }),
  get('experiments/get-by-name', { experiment_name: 'e2' }),
]

/** Where ours differs and means to; each with its reason. */
const ON_PURPOSE: Readonly<Record<string, string>> = {
  'POST runs/search {"experiment_ids":["$exp"],"order_by":["metrics.acc","metrics.acc DESC"]}':
    'theirs answers 500 to the mistake of a caller, whose client then repeats it for minutes',
}

/** In lists of versions ours also says which aliases each one holds; theirs says so only of a version asked for by itself. */
function withoutListedAliases(value: unknown, inList = false): unknown {
  if (Array.isArray(value)) return value.map((item) => withoutListedAliases(item, true))
  if (typeof value !== 'object' || value === null) return value
  const isVersion = 'version' in value && 'current_stage' in value
  const entries = Object.entries(value).filter(([key]) => !(inList && isVersion && key === 'aliases'))
  return Object.fromEntries(entries.map(([key, inner]) => [key, withoutListedAliases(inner)]))
}

async function play(url: string, step: Step, names: Names): Promise<unknown> {
  const text = JSON.stringify(step.fields).replace(/\$(\w+)/g, (_, name: string) => names.get(name) ?? 'missing')
  const fields = JSON.parse(text) as Record<string, string>
  const query = step.method === 'GET' ? `?${new URLSearchParams(fields)}` : ''
  const answer = await call(`${url}${API}/${step.path}${query}`, step.method, query ? undefined : fields)
  if (step.store) {
    const found = step.store.at.reduce<unknown>((value, key) => (value as Record<string, unknown>)?.[key], answer.body)
    if (typeof found === 'string') names.set(step.store.name, found)
  }
  return normalise(answer, names)
}

/** Ids by name; times, artifact places and messages by their presence; sets in one order. */
function normalise(answer: { status: number; body: unknown }, names: Names): unknown {
  const ids = new Map([...names].map(([name, id]) => [id, `$${name}`]))
  const walk = (value: unknown, key = ''): unknown => {
    if (Array.isArray(value)) {
      const items = value.map((item) => walk(item))
      const unordered = ['tags', 'metrics', 'params', 'aliases', 'latest_versions', 'model_versions'].includes(key)
      return unordered ? items.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)) : items
    }
    if (typeof value === 'object' && value !== null) {
      const entries = Object.entries(value).filter(([name]) => !IGNORED.includes(name))
      return Object.fromEntries(entries.map(([name, inner]) => [name, walk(inner, name)]))
    }
    if (typeof value === 'string') return ids.get(value) ?? value
    return value
  }
  return withoutListedAliases(walk(answer))
}

const IGNORED = [
  'source',
  'message',
  'sqlstate',
  'error_class',
  'creation_time',
  'last_update_time',
  'creation_timestamp',
  'last_updated_timestamp',
  'artifact_uri',
  'artifact_location',
  'next_page_token',
  'user_id',
  'workspace',
]

test('the answers are equal', async () => {
  const [mine, their]: [Names, Names] = [new Map(), new Map()]
  const differences: unknown[] = []
  for (const step of SCRIPT) {
    const [a, b] = [await play(ours.url, step, mine), await play(theirs.url, step, their)]
    const place = `${step.method} ${step.path} ${JSON.stringify(step.fields).slice(0, 300)}`
    if (JSON.stringify(sorted(a)) !== JSON.stringify(sorted(b)) && !(place in ON_PURPOSE)) {
      differences.push({ place, ours: JSON.stringify(sorted(a)), theirs: JSON.stringify(sorted(b)) })
    }
  }
  expect(differences).toEqual([])
})

/** Keys in one order. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  )
}
