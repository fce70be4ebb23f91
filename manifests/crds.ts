/** Generates the CustomResourceDefinitions from api/. Run by scripts/generate.ts, which also checks for drift. */
import { stringify } from 'yaml'
import { MODEL_DEPLOYMENT_SPEC_SCHEMA, MODEL_DEPLOYMENT_STATUS_SCHEMA } from '../api/model-deployment-schema.ts'
import { API_GROUP, API_VERSION } from '../api/pipeline-run.ts'
import {
  PIPELINE_RUN_SPEC_SCHEMA,
  PIPELINE_RUN_STATUS_SCHEMA,
  PIPELINE_SPEC_SCHEMA,
} from '../api/pipeline-run-schema.ts'
import {
  BACKFILL_SPEC_SCHEMA,
  BACKFILL_STATUS_SCHEMA,
  SCHEDULED_RUN_SPEC_SCHEMA,
  SCHEDULED_RUN_STATUS_SCHEMA,
} from '../api/scheduled-run-schema.ts'

interface Kind {
  readonly kind: string
  readonly plural: string
  readonly shortNames: readonly string[]
  readonly spec: object
  readonly status?: object
  readonly columns: readonly object[]
}

const column = (name: string, jsonPath: string, type = 'string', priority = 0) => ({
  name,
  type,
  jsonPath,
  ...(priority > 0 ? { priority } : {}),
})

const KINDS: readonly Kind[] = [
  {
    kind: 'PipelineRun',
    plural: 'pipelineruns',
    shortNames: ['plr'],
    spec: PIPELINE_RUN_SPEC_SCHEMA,
    status: PIPELINE_RUN_STATUS_SCHEMA,
    columns: [
      column('Phase', '.status.phase'),
      column('Reason', '.status.reason'),
      column('Progress', '.status.progress'),
      column('Pods', '.status.podsCreated', 'integer'),
      column('Started', '.status.startTime', 'date'),
      column('Finished', '.status.completionTime', 'date'),
      column('Age', '.metadata.creationTimestamp', 'date'),
      column('Pipeline', '.status.pipeline', 'string', 1),
      column('Message', '.status.message', 'string', 1),
    ],
  },
  {
    kind: 'Pipeline',
    plural: 'pipelines',
    shortNames: ['pl'],
    spec: PIPELINE_SPEC_SCHEMA,
    columns: [column('Versions', '.spec.versions[*].name'), column('Age', '.metadata.creationTimestamp', 'date')],
  },
  {
    kind: 'ScheduledRun',
    plural: 'scheduledruns',
    shortNames: ['sched'],
    spec: structural(SCHEDULED_RUN_SPEC_SCHEMA),
    status: structural(SCHEDULED_RUN_STATUS_SCHEMA),
    columns: [
      column('Cron', '.spec.schedule.cron'),
      column('Zone', '.spec.timeZone'),
      column('Last', '.status.lastTick', 'date'),
      column('Next', '.status.nextRunAfter'),
      column('Scheduling', '.status.conditions[?(@.type=="Scheduling")].reason'),
      column('Age', '.metadata.creationTimestamp', 'date'),
      column('Waiting', '.status.conditions[?(@.type=="Waiting")].message', 'string', 1),
      column('Triggers', '.status.triggers[*].name', 'string', 1),
    ],
  },
  {
    kind: 'Backfill',
    plural: 'backfills',
    shortNames: [],
    spec: structural(BACKFILL_SPEC_SCHEMA),
    status: structural(BACKFILL_STATUS_SCHEMA),
    columns: [
      column('Schedule', '.spec.scheduleRef.name'),
      column('Phase', '.status.phase'),
      column('Ticks', '.status.total', 'integer'),
      column('Age', '.metadata.creationTimestamp', 'date'),
    ],
  },
  {
    kind: 'ModelDeployment',
    plural: 'modeldeployments',
    shortNames: ['mdep'],
    spec: MODEL_DEPLOYMENT_SPEC_SCHEMA,
    status: MODEL_DEPLOYMENT_STATUS_SCHEMA,
    columns: [
      column('Model', '.spec.model'),
      column('Alias', '.spec.alias'),
      column('Version', '.status.version'),
      column('Served', '.status.servedVersion'),
      column('Ready', '.status.conditions[?(@.type=="Ready")].status'),
      column('Age', '.metadata.creationTimestamp', 'date'),
      column('Message', '.status.conditions[?(@.type=="Ready")].message', 'string', 1),
      column('URL', '.status.url', 'string', 1),
    ],
  },
]

/** Without `additionalProperties: false`, which API servers refuse: they drop unknown fields of their own accord. */
function structural(schema: object): object {
  const clean = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(clean)
    if (value === null || typeof value !== 'object') return value
    const kept = Object.entries(value).filter(([name, item]) => name !== 'additionalProperties' || item !== false)
    return Object.fromEntries(kept.map(([name, item]) => [name, clean(item)]))
  }
  return clean(schema) as object
}

/** One CRD as an object. */
export function definition({ kind, plural, shortNames, spec, status, columns }: Kind): object {
  const properties = {
    apiVersion: { type: 'string' },
    kind: { type: 'string' },
    metadata: { type: 'object', properties: { name: { type: 'string', maxLength: 200 } } },
    spec,
    ...(status ? { status } : {}),
  }
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${API_GROUP}` },
    spec: {
      group: API_GROUP,
      scope: 'Namespaced',
      names: { kind, plural, singular: kind.toLowerCase(), shortNames, categories: ['kfp-ts', 'all'] },
      versions: [
        {
          name: API_VERSION,
          served: true,
          storage: true,
          additionalPrinterColumns: columns,
          ...(status ? { subresources: { status: {} } } : {}),
          schema: { openAPIV3Schema: { type: 'object', required: ['spec'], properties } },
        },
      ],
    },
  }
}

/** Path from the repository's root to content. */
export async function generate(): Promise<ReadonlyMap<string, string>> {
  return new Map(
    KINDS.map((kind) => [
      `manifests/base/crds/${kind.plural}.yaml`,
      `# Generated from api/ by manifests/crds.ts; "make generate" writes it.\n${stringify(definition(kind), { lineWidth: 0, aliasDuplicateObjects: false })}`,
    ]),
  )
}
