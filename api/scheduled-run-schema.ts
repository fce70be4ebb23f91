/** JSON Schemas of scheduled-run.ts: the CRDs are made from them, and parse-scheduled-run.ts checks documents with them. */
import { TRIGGER_STATES } from './scheduled-run.ts'

const text = (description: string) => ({ type: 'string', minLength: 1, description })
const oneOf = (values: readonly string[], description: string) => ({ type: 'string', enum: values, description })
const whole = (minimum: number, description: string) => ({ type: 'integer', minimum, description })
const time = (description: string) => ({ type: 'string', format: 'date-time', description })
const object = (properties: object, required: readonly string[], description: string) => ({
  type: 'object',
  additionalProperties: false,
  properties,
  required,
  description,
})
const anyJson = { 'x-kubernetes-preserve-unknown-fields': true } as const
const parameters = {
  type: 'object',
  additionalProperties: anyJson,
  description: 'Pipeline parameters; macros are expanded.',
}

const timing = {
  ...object(
    {
      cron: text('Five cron fields or a preset @hourly to @yearly.'),
      cronSeconds: text('Six cron fields, the second first.'),
      every: text('An even interval such as 90s, 1h30m or 7d.'),
      once: object({}, [], 'One run.'),
      continuous: object({}, [], 'The next run as soon as the one before has ended.'),
    },
    [],
    'When the schedule fires: exactly one member. Absent: by hand only.',
  ),
  minProperties: 1,
  maxProperties: 1,
}

const TRIGGER_KINDS = ['afterRun', 'artifact', 'alias', 'webhook']
const count = (names: readonly string[]) => names.map((name) => `(has(self.${name}) ? 1 : 0)`).join(' + ')

const trigger = {
  ...object(
    {
      name: {
        type: 'string',
        pattern: '^[A-Za-z][A-Za-z0-9_]*$',
        maxLength: 40,
        description: 'Names its values in macros; its kind by default.',
      },
      afterRun: {
        ...object(
          {
            pipeline: text('Name of a pipeline, whoever starts its runs.'),
            schedule: text('Name of a schedule.'),
            states: {
              type: 'array',
              items: oneOf(TRIGGER_STATES, 'How the run ended.'),
              minItems: 1,
              maxItems: TRIGGER_STATES.length,
              description: 'Ends that count; Succeeded by default.',
            },
          },
          [],
          'After the end of a run.',
        ),
        'x-kubernetes-validations': [
          {
            rule: `${count(['pipeline', 'schedule'])} == 1`,
            message: 'afterRun names exactly one of pipeline and schedule',
          },
        ],
      },
      artifact: {
        ...object(
          {
            uri: text('Object or file in a store.'),
            pipeline: text('Pipeline whose runs give the artifact.'),
            output: text('Key of the output.'),
            task: text('Task that gives it; any by default.'),
          },
          [],
          'New content of an artifact.',
        ),
        'x-kubernetes-validations': [
          {
            rule: 'has(self.uri) ? !has(self.pipeline) && !has(self.output) && !has(self.task) : has(self.pipeline) && has(self.output)',
            message: 'artifact names a uri, or pipeline and output',
          },
        ],
      },
      alias: object(
        { model: text('Registered model.'), alias: text('Its alias.') },
        ['model', 'alias'],
        'An alias names another version.',
      ),
      webhook: object(
        {
          secret: text('Name of the shared secret that signs the body.'),
          parameters: {
            type: 'object',
            additionalProperties: { type: 'string', minLength: 1, maxLength: 500 },
            maxProperties: 100,
            description: 'Parameter to the place of its value in the body.',
          },
        },
        [],
        'A call by HTTP.',
      ),
    },
    [],
    'What makes a run: exactly one of afterRun, artifact, alias, webhook.',
  ),
  'x-kubernetes-validations': [
    { rule: `${count(TRIGGER_KINDS)} == 1`, message: `a trigger has exactly one of ${TRIGGER_KINDS.join(', ')}` },
  ],
}

const runTemplate = object(
  {
    experiment: text('Experiment of the runs.'),
    pipelineRef: object(
      { name: text('Stored pipeline.'), version: text('Its version; the newest by default.') },
      ['name'],
      'A stored pipeline.',
    ),
    pipelineSpec: { ...anyJson, description: 'A compiled pipeline in place of pipelineRef.' },
    parameters,
    pipelineRoot: text('Where artifacts go.'),
    serviceAccount: text('Service account of the Pods.'),
    labels: { type: 'object', additionalProperties: { type: 'string' }, description: 'Labels of the runs.' },
  },
  [],
  'The run to create.',
)

/** Schema of `ScheduledRun.spec`. */
export const SCHEDULED_RUN_SPEC_SCHEMA = {
  ...object(
    {
      schedule: timing,
      triggers: { type: 'array', items: trigger, maxItems: 20, description: 'What makes runs besides the clock.' },
      triggerPolicy: oneOf(
        ['Any', 'All'],
        'Any (default): each event makes a run. All: a run once every trigger has an event.',
      ),
      timeZone: text('IANA name; UTC by default.'),
      dst: object(
        {
          gap: oneOf(['Shift', 'Skip'], 'A time that does not exist: moved by the gap (default) or dropped.'),
          overlap: oneOf(
            ['Second', 'Both'],
            'A time that happens twice: once at the later instant (default) or both times.',
          ),
        },
        [],
        'Daylight saving.',
      ),
      startTime: time('Nothing is due before it.'),
      endTime: time('The last logical date is at or before it.'),
      startBoundary: oneOf(
        ['Inclusive', 'Exclusive'],
        'Whether a tick exactly at startTime counts; Inclusive by default.',
      ),
      catchup: oneOf(['All', 'Latest', 'None'], 'Which missed ticks are made up; Latest by default.'),
      startingDeadlineSeconds: whole(1, 'With catchup None: how late a run may still start; one period by default.'),
      interval: oneOf(
        ['Trigger', 'DataInterval'],
        'A run stands for its instant (default) or for the interval that ends when it starts.',
      ),
      maxActiveRuns: whole(1, 'Unfinished runs at once; 16 by default.'),
      dependsOnPast: oneOf(['None', 'Run', 'Task'], 'What waits for the run before; None by default.'),
      suspend: { type: 'boolean', description: 'true creates no more runs.' },
      maxConsecutiveFailures: whole(0, 'Suspend after so many failed runs in a row; 0 (default) is never.'),
      runTemplate,
      history: object(
        { successful: whole(0, 'Succeeded runs to keep.'), failed: whole(0, 'Failed runs to keep.') },
        [],
        'Finished runs that are kept; 10 and 10 by default.',
      ),
    },
    ['runTemplate'],
    'When and how a pipeline runs by itself.',
  ),
  'x-kubernetes-validations': [
    {
      rule: '!has(self.startTime) || !has(self.endTime) || self.endTime > self.startTime',
      message: 'endTime is not after startTime',
    },
  ],
}

/** Schema of `Backfill.spec`. */
export const BACKFILL_SPEC_SCHEMA = object(
  {
    scheduleRef: object({ name: text('Name of the ScheduledRun.') }, ['name'], 'The schedule whose ticks are run.'),
    from: time('First logical date, inclusive.'),
    to: time('Last logical date, inclusive.'),
    reprocess: oneOf(['None', 'Failed', 'Completed'], 'Which ticks with a finished run are rerun; None by default.'),
    maxActiveRuns: whole(1, 'Unfinished runs of this backfill; 10 by default.'),
    reverse: { type: 'boolean', description: 'Newest first.' },
    parameters,
    suspend: { type: 'boolean', description: 'true creates no more runs.' },
  },
  ['scheduleRef', 'from', 'to'],
  'Runs of a schedule for past dates.',
)

const condition = object(
  {
    type: text('Name.'),
    status: oneOf(['True', 'False', 'Unknown'], 'Whether it holds.'),
    reason: text('One word.'),
    message: { type: 'string', description: 'A sentence.' },
    lastTransitionTime: time('Since when.'),
  },
  ['type', 'status', 'reason', 'message', 'lastTransitionTime'],
  'One condition.',
)
const conditions = {
  type: 'array',
  items: condition,
  'x-kubernetes-list-type': 'map',
  'x-kubernetes-list-map-keys': ['type'],
}

/** Schema of `ScheduledRun.status`. */
export const SCHEDULED_RUN_STATUS_SCHEMA = object(
  {
    observedGeneration: { type: 'integer' },
    lastTick: time('Every tick up to here was created or dropped.'),
    lastLogicalDate: time('Logical date of the newest scheduled run.'),
    nextTick: time('The next tick.'),
    nextRunAfter: time('When its run is created.'),
    index: whole(0, 'Runs created so far.'),
    active: {
      type: 'array',
      items: object({ name: text('Run.'), logicalDate: time('Its logical date.') }, ['name'], 'An unfinished run.'),
    },
    suspendedAt: time('Since when no runs are created.'),
    resumedAt: time('End of the last suspension.'),
    suspendedByFailures: { type: 'boolean', description: 'Suspended by maxConsecutiveFailures.' },
    triggers: {
      type: 'array',
      items: object(
        {
          name: text('Trigger.'),
          source: text('What it listens to.'),
          since: time('Events before this time do not count.'),
          lastEvent: time('The newest event that was handled.'),
          lastRun: text('The run that it became.'),
          pending: whole(0, 'Events that have not become a run.'),
        },
        ['name', 'source'],
        'One trigger.',
      ),
    },
    timeZoneData: text('Version of the zone tables.'),
    conditions,
  },
  [],
  'Where the schedule stands.',
)

/** Schema of `Backfill.status`. */
export const BACKFILL_STATUS_SCHEMA = object(
  {
    observedGeneration: { type: 'integer' },
    phase: oneOf(['Running', 'Succeeded', 'Failed', 'Rejected'], 'Where the backfill stands.'),
    total: whole(0, 'Ticks in the range.'),
    ticks: {
      type: 'array',
      items: object(
        {
          logicalDate: time('The tick.'),
          outcome: oneOf(['Created', 'Rerun', 'AlreadyExists', 'InFlight'], 'What was done.'),
          run: text('The run.'),
        },
        ['logicalDate', 'outcome', 'run'],
        'One tick.',
      ),
    },
    conditions,
  },
  [],
  'Where the backfill stands.',
)
