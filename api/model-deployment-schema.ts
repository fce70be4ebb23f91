/** Structural schemas of model-deployment.ts for the API server: manifests/crds.ts writes them into the CRD. */
import { SERVING_FORMATS, SERVING_REASONS } from './model-deployment.ts'
import { choice, object, podDefaults, text, whole } from './pipeline-run-schema.ts'

const replicas = (description: string) => ({ type: 'integer', format: 'int32', minimum: 0, description })

/** Schema of `ModelDeployment.spec`. */
export const MODEL_DEPLOYMENT_SPEC_SCHEMA = {
  ...object(
    {
      model: text('Name in the registry.', 250),
      alias: text('Alias that is followed, such as champion.', 255),
      version: { ...text('One version, such as 3.', 15), pattern: '^[0-9]+$' },
      replicas: { ...replicas('Pods that serve; 2 by default.'), maximum: 1000 },
      format: choice(SERVING_FORMATS, 'Deployment (default) with a Service, or an InferenceService of KServe.'),
      image: text("Image with kfp-ts serve-model; the operator's by default.", 500),
      podDefaults,
    },
    ['model'],
    'A model of the registry and how it is served.',
  ),
  'x-kubernetes-validations': [
    { rule: 'has(self.alias) != has(self.version)', message: 'set alias or version, one of the two' },
  ],
}

const condition = object(
  {
    type: choice(['Resolved', 'Ready'], 'What it says.'),
    status: choice(['True', 'False', 'Unknown'], 'Whether it holds.'),
    reason: choice(Object.keys(SERVING_REASONS), 'Why.'),
    message: { type: 'string', description: 'The same for people.' },
    lastTransitionTime: { type: 'string', format: 'date-time', description: 'Since when.' },
    observedGeneration: whole(0, 'Generation it is about.'),
  },
  ['type', 'status', 'reason', 'message', 'lastTransitionTime'],
  'A condition.',
)

/** Schema of `ModelDeployment.status`. */
export const MODEL_DEPLOYMENT_STATUS_SCHEMA = object(
  {
    observedGeneration: whole(0, 'Generation of the spec it is about.'),
    version: text('The version that the pods are to serve.'),
    servedVersion: text('The version that all ready replicas served when the last change was complete.'),
    replicas: replicas('Pods wanted.'),
    readyReplicas: replicas('Pods that serve version.'),
    url: text('Where pods of the cluster reach it.', 500),
    conditions: {
      type: 'array',
      items: condition,
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['type'],
      description: 'Resolved and Ready.',
    },
  },
  [],
  'What the operator found and did.',
)
