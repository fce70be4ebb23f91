/** Generates the CustomResourceDefinitions of PipelineRun and Pipeline from api/. Run by scripts/generate.ts, which also checks for drift. */
import { stringify } from 'yaml'
import { API_GROUP, API_VERSION } from '../api/pipeline-run.ts'
import {
  PIPELINE_RUN_SPEC_SCHEMA,
  PIPELINE_RUN_STATUS_SCHEMA,
  PIPELINE_SPEC_SCHEMA,
} from '../api/pipeline-run-schema.ts'

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
]

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
