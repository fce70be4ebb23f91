/** What serves a model in a cluster: a Deployment and Service of `kfp-ts serve-model`, or a KServe InferenceService. Pure. */

export interface Serving {
  readonly model: string
  readonly alias: string
  /** Where the pods reach the registry. */
  readonly trackingUrl: string
  readonly kind: 'deployment' | 'kserve'
  /** @default 'kfp-ts:latest' */
  readonly image?: string
  /** @default 2 */
  readonly replicas?: number
}

const PORT = 8080

/** YAML (JSON documents, which are YAML) for `kubectl apply -f -`. */
export function servingManifest(serving: Serving): string {
  const documents = serving.kind === 'kserve' ? [inferenceService(serving)] : [deployment(serving), service(serving)]
  return documents.map((document) => `${JSON.stringify(document, null, 2)}\n`).join('---\n')
}

/** A DNS label from the names of model and alias. */
export function servingName({ model, alias }: Pick<Serving, 'model' | 'alias'>): string {
  const name = `${model}-${alias}`.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')
  return name.replaceAll(/^-+|-+$/g, '').slice(0, 63) || 'model'
}

function container(serving: Serving): object {
  const probe = (path: string) => ({ httpGet: { path, port: PORT } })
  return {
    name: 'model',
    image: serving.image ?? 'kfp-ts:latest',
    args: ['serve-model', `models:/${serving.model}@${serving.alias}`, '--host', '0.0.0.0', '--port', String(PORT)],
    env: [{ name: 'MLFLOW_TRACKING_URI', value: serving.trackingUrl }],
    ports: [{ containerPort: PORT }],
    readinessProbe: probe('/ready'),
    livenessProbe: probe('/health'),
    securityContext: {
      allowPrivilegeEscalation: false,
      runAsNonRoot: true,
      capabilities: { drop: ['ALL'] },
      seccompProfile: { type: 'RuntimeDefault' },
    },
  }
}

function deployment(serving: Serving): object {
  const name = servingName(serving)
  const labels = { 'app.kubernetes.io/name': name, 'app.kubernetes.io/part-of': 'kfp-ts' }
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, labels },
    spec: {
      replicas: serving.replicas ?? 2,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: { automountServiceAccountToken: false, containers: [container(serving)] },
      },
    },
  }
}

function service(serving: Serving): object {
  const name = servingName(serving)
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name },
    spec: { selector: { 'app.kubernetes.io/name': name }, ports: [{ port: 80, targetPort: PORT }] },
  }
}

function inferenceService(serving: Serving): object {
  return {
    apiVersion: 'serving.kserve.io/v1beta1',
    kind: 'InferenceService',
    metadata: { name: servingName(serving) },
    spec: { predictor: { minReplicas: serving.replicas ?? 2, containers: [container(serving)] } },
  }
}
