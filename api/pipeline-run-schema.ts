/** Structural schemas of pipeline-run.ts for the API server: manifests/crds.ts writes them into the CRDs. */
import { RUN_PHASES } from './pipeline-run.ts'
import { FAILURE_CAUSES } from './run-report.ts'

/** Text of one pipeline; a request to the API server is bounded near 1.5 MB as a whole. */
const MAX_PIPELINE_TEXT = 1_300_000
/** The API server bounds the cost of comparing all versions with what they were; a hundred of them fit no more than this each. */
const MAX_VERSION_TEXT = 240_000

export const text = (description: string, maxLength = 253) => ({ type: 'string', minLength: 1, maxLength, description })
export const whole = (minimum: number, description: string) => ({
  type: 'integer',
  format: 'int64',
  minimum,
  description,
})
const flag = (description: string, byDefault: boolean) => ({ type: 'boolean', default: byDefault, description })
export const choice = (values: readonly string[], description: string) => ({
  type: 'string',
  enum: [...values],
  description,
})
const freeObject = (description: string) => ({
  type: 'object',
  'x-kubernetes-preserve-unknown-fields': true,
  description,
})
const stringMap = (description: string) => ({ type: 'object', additionalProperties: { type: 'string' }, description })
export const object = (properties: object, required: readonly string[], description: string) => ({
  type: 'object',
  properties,
  ...(required.length > 0 ? { required } : {}),
  description,
})

const retry = object(
  {
    limit: whole(0, 'Attempts after the first.'),
    backoffSeconds: whole(0, 'Wait before the first retry; doubles each time.'),
  },
  ['limit'],
  'Budget of one failure cause.',
)

export const podDefaults = object(
  {
    labels: stringMap('Labels of every pod.'),
    annotations: stringMap('Annotations of every pod.'),
    nodeSelector: stringMap('Node labels that every pod asks for.'),
    tolerations: { type: 'array', items: freeObject('A toleration.'), description: 'Tolerations of every pod.' },
    imagePullSecrets: {
      type: 'array',
      items: object({ name: text('Secret.') }, ['name'], 'A pull secret.'),
      description: 'Pull secrets.',
    },
    priorityClassName: text('Priority class of every pod.'),
    env: {
      type: 'array',
      items: object(
        { name: text('Name.'), value: { type: 'string', description: 'Value.' } },
        ['name', 'value'],
        'A variable.',
      ),
      description: 'Environment of every step.',
    },
    security: choice(
      ['Restricted', 'Image'],
      'Restricted (default) meets the restricted profile; Image runs as the image says.',
    ),
    resources: object(
      { cpu: text('CPU limit.'), memory: text('Memory limit.') },
      [],
      'Limits of steps that state none.',
    ),
  },
  [],
  'What the pods have in common.',
)

const SOURCES = ['pipelineSpec', 'pipelineText', 'pipelineRef', 'pipelineFrom']

/** Schema of `PipelineRun.spec`. */
export const PIPELINE_RUN_SPEC_SCHEMA = {
  ...object(
    {
      pipelineSpec: freeObject('A compiled pipeline (KFP v2 IR) as an object.'),
      platformSpec: freeObject('The second document of a compiled pipeline, beside pipelineSpec.'),
      pipelineText: text('The text of a compiled pipeline file.', MAX_PIPELINE_TEXT),
      pipelineRef: object(
        {
          name: text('Name of a Pipeline.'),
          version: text('One of its versions.'),
          digest: text('sha256: of the text of a version.'),
        },
        ['name'],
        'A stored pipeline of the same namespace; its newest version by default.',
      ),
      pipelineFrom: object(
        {
          configMapKeyRef: object(
            { name: text('ConfigMap.'), key: text('Key.') },
            ['name', 'key'],
            'Where the text is.',
          ),
        },
        ['configMapKeyRef'],
        'A compiled pipeline in a ConfigMap of the same namespace.',
      ),
      arguments: freeObject('Arguments of the pipeline by name.'),
      serviceAccountName: text('Service account of the pods; pipeline-runner by default when it is there.'),
      pipelineRoot: text('Where artifacts go, below the store.', 2048),
      parallelism: whole(1, 'Pods of this run at once.'),
      timeouts: object(
        {
          runSeconds: whole(1, 'The whole run.'),
          queueSeconds: whole(1, 'The wait for its start.'),
          taskSeconds: whole(1, 'Each attempt that sets none of its own.'),
        },
        [],
        'Time limits.',
      ),
      retries: object(
        Object.fromEntries(FAILURE_CAUSES.map((cause) => [cause, retry])),
        [],
        'Retry budgets by failure cause.',
      ),
      onOOM: object(
        {
          factor: { type: 'number', minimum: 1, description: 'Memory is multiplied by it; 2 by default.' },
          maxMemory: text('Upper bound, such as 8Gi.'),
        },
        ['maxMemory'],
        'More memory for the retry after an OOM kill.',
      ),
      cache: flag('false: nothing is taken from earlier runs.', true),
      reuseFrom: object(
        { run: text('Name of a finished run of the same namespace.') },
        ['run'],
        'A run whose results are taken over for every step that is the same, whatever its caching options.',
      ),
      suspend: flag('true: no new pods start.', false),
      cancel: flag('true ends the run.', false),
      retryCount: whole(0, 'Raise it to run again what failed in a finished run.'),
      ttlSecondsAfterFinished: whole(0, 'The run is deleted so long after its end.'),
      priority: { type: 'integer', format: 'int32', description: 'Higher starts first.' },
      pool: text('Pool of the operator that the run counts against.'),
      poolWeight: whole(1, 'How much of the pool the run takes; 1 by default.'),
      podDefaults,
      podCleanup: choice(['WithRun', 'AfterTask'], 'When finished pods go; WithRun by default.'),
      artifactsOnDelete: choice(
        ['Keep', 'Delete'],
        'What happens to artifacts when the run is deleted; Keep by default.',
      ),
    },
    [],
    'A pipeline and how to run it.',
  ),
  'x-kubernetes-validations': [
    {
      rule: `[${SOURCES.map((name) => `has(self.${name})`).join(', ')}].filter(given, given).size() == 1`,
      message: `set exactly one of ${SOURCES.join(', ')}`,
    },
    {
      rule: 'has(self.pipelineText) == has(oldSelf.pipelineText) && (!has(self.pipelineText) || self.pipelineText == oldSelf.pipelineText)',
      message: 'the pipeline of a run cannot change: create another PipelineRun',
    },
    {
      rule: 'has(self.pipelineRef) == has(oldSelf.pipelineRef) && (!has(self.pipelineRef) || self.pipelineRef == oldSelf.pipelineRef)',
      message: 'the pipeline of a run cannot change: create another PipelineRun',
    },
    {
      rule: '!has(self.poolWeight) || has(self.pool)',
      message: 'poolWeight is a share of a pool: set pool as well, or leave poolWeight out',
    },
    {
      rule: '!(has(oldSelf.cancel) && oldSelf.cancel) || (has(self.cancel) && self.cancel) || (has(self.retryCount) && self.retryCount > (has(oldSelf.retryCount) ? oldSelf.retryCount : 0))',
      message:
        'a canceled run stays canceled: unset cancel and raise retryCount together, or create another PipelineRun',
    },
  ],
}

const condition = object(
  {
    type: text('Name.'),
    status: choice(['True', 'False', 'Unknown'], 'Whether it holds.'),
    reason: text('One word.'),
    message: { type: 'string', maxLength: 32768, description: 'A sentence.' },
    lastTransitionTime: { type: 'string', format: 'date-time', description: 'Since when.' },
    observedGeneration: whole(0, 'Of which spec.'),
  },
  ['type', 'status', 'reason', 'message', 'lastTransitionTime'],
  'One condition.',
)

const COUNTS = ['total', 'pending', 'running', 'succeeded', 'cached', 'skipped', 'failed', 'canceled']

/** Schema of `PipelineRun.status`. */
export const PIPELINE_RUN_STATUS_SCHEMA = object(
  {
    observedGeneration: whole(0, 'Generation of the spec that this status is about.'),
    phase: choice(RUN_PHASES, 'Where the run stands.'),
    reason: text('Why, in one word.'),
    message: { type: 'string', maxLength: 32768, description: 'Why, in a sentence.' },
    pipeline: text('Name of the pipeline.'),
    pipelineDigest: text('sha256: of the pipeline.'),
    startTime: { type: 'string', format: 'date-time' },
    completionTime: { type: 'string', format: 'date-time' },
    expirationTime: {
      type: 'string',
      format: 'date-time',
      description: 'The run is deleted then, as its pipeline asks.',
    },
    counts: object(
      Object.fromEntries(COUNTS.map((name) => [name, whole(0, `Tasks: ${name}.`)])),
      [],
      'Tasks by state.',
    ),
    progress: { type: 'string', description: 'done/total.' },
    outputs: freeObject('Outputs of the pipeline.'),
    attention: {
      type: 'array',
      maxItems: 10,
      items: object(
        {
          path: text('Task.', 4096),
          state: text('State.'),
          message: { type: 'string', description: 'Cause or what it waits for.' },
          pod: text('Pod.'),
          attempt: whole(0, 'Attempt.'),
          cause: choice(FAILURE_CAUSES, 'Failure cause.'),
        },
        ['path', 'state', 'message'],
        'A task to look at.',
      ),
    },
    podsCreated: whole(0, 'Pods made so far.'),
    retryCount: whole(0, 'The retryCount that was carried out.'),
    conditions: {
      type: 'array',
      items: condition,
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['type'],
    },
  },
  [],
  'Where the run stands.',
)

/** Schema of `Pipeline.spec`. */
export const PIPELINE_SPEC_SCHEMA = object(
  {
    displayName: text('Name for people.'),
    description: { type: 'string', maxLength: 4096, description: 'What it does.' },
    versions: {
      type: 'array',
      minItems: 1,
      maxItems: 100,
      items: {
        ...object(
          {
            name: text('Name of the version.'),
            text: text('The text of a compiled pipeline file.', MAX_VERSION_TEXT),
            description: { type: 'string', maxLength: 4096, description: 'What changed.' },
          },
          ['name', 'text'],
          'A version; its text never changes.',
        ),
        'x-kubernetes-validations': [
          {
            rule: 'self.text == oldSelf.text',
            message: 'the text of a version cannot change: runs refer to it; add a version with another name',
          },
        ],
      },
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['name'],
      'x-kubernetes-validations': [
        {
          rule: 'oldSelf.all(old, self.exists(new, new.name == old.name))',
          message: 'a version cannot be removed: runs may refer to it; delete the Pipeline instead',
        },
      ],
      description: 'Oldest first.',
    },
  },
  ['versions'],
  'A pipeline and its versions.',
)
