/** What serves one version of a model: a Deployment with its Service, or an InferenceService. Pure. After: the controller applies it. */
import type { JsonObject } from '../../api/json.ts'
import { API_GROUP, API_VERSION, type PodDefaults } from '../../api/pipeline-run.ts'
import type { KubeObject, Resource } from '../../client/kube/resources.ts'
import { containerSecurity, inStore, podSecurity, storeVolume } from '../pod/build-pod.ts'
import { labelValue } from '../pod/pod-name.ts'
import { objectStoreVariables } from '../pod/staging.ts'
import type { OperatorSettings } from '../settings.ts'
import {
  DEPLOYMENTS,
  INFERENCE_SERVICES,
  MODEL_VERSION_ANNOTATION,
  type ModelDeployment,
  SERVICES,
  SERVING_LABELS,
} from './model-objects.ts'

/** Where the file of a version lies, as its pods reach it. */
export type ModelPlace =
  | {
      /** Folder of the store volume, and the file in it. */
      readonly subPath: string
      readonly fileName: string
    }
  | {
      /** `s3://…` of the file. */
      readonly uri: string
    }

export interface ServingRequest {
  readonly deployment: ModelDeployment
  readonly version: string
  readonly place: ModelPlace
  readonly settings: Pick<OperatorSettings, 'pods' | 'servingImage' | 'serviceAccountName'>
}

export interface ServingObject {
  readonly resource: Resource
  readonly object: KubeObject
}

export const DEFAULT_REPLICAS = 2
const PORT = 8080
const MODEL_VOLUME = 'model'
const MODEL_FOLDER = '/model'
/** The time that load balancers get to hear that a pod ends; it answers until then. */
const DRAIN_SECONDS = 5
/** Loading a large model may take this long. */
const START_SECONDS = 300

/** The objects in the order in which they are applied. */
export function buildServing(request: ServingRequest): ServingObject[] {
  const { deployment } = request
  if (deployment.spec.format === 'KServe') {
    return [{ resource: INFERENCE_SERVICES, object: inferenceService(request) }]
  }
  return [
    { resource: SERVICES, object: service(deployment) },
    { resource: DEPLOYMENTS, object: rollingDeployment(request) },
  ]
}

/** Of the Service: inside the cluster. */
export function servingUrl({ metadata }: ModelDeployment): string {
  return `http://${serviceName(metadata.name)}.${metadata.namespace}.svc`
}

/** Services have stricter names than other resources: a DNS label that begins with a letter. */
export function serviceName(name: string): string {
  const label = name.replaceAll('.', '-').replace(/^[^a-z]+/, '')
  return label === '' ? 'model' : label.slice(0, 63).replace(/-+$/, '')
}

function rollingDeployment(request: ServingRequest): KubeObject {
  const { deployment } = request
  const { spec } = deployment
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: metadataOf(deployment, deployment.metadata.name),
    spec: {
      replicas: spec.replicas ?? DEFAULT_REPLICAS,
      selector: { matchLabels: selectorOf(deployment) },
      // The new version answers before one pod of the old one goes.
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
      progressDeadlineSeconds: START_SECONDS + 60,
      revisionHistoryLimit: 3,
      template: {
        metadata: { labels: labelsOf(deployment), annotations: annotationsOf(request) },
        spec: podSpec(request),
      },
    },
  } as KubeObject
}

function service(deployment: ModelDeployment): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: metadataOf(deployment, serviceName(deployment.metadata.name)),
    spec: {
      selector: selectorOf(deployment),
      ports: [{ name: 'http', port: 80, targetPort: 'http' }],
    },
  } as KubeObject
}

/** KServe brings its own Deployment, Service and routes; the predictor is our pod. */
function inferenceService(request: ServingRequest): KubeObject {
  const { deployment } = request
  const replicas = deployment.spec.replicas ?? DEFAULT_REPLICAS
  return {
    apiVersion: 'serving.kserve.io/v1beta1',
    kind: 'InferenceService',
    metadata: metadataOf(deployment, deployment.metadata.name),
    spec: {
      predictor: {
        minReplicas: replicas,
        maxReplicas: Math.max(1, replicas),
        labels: labelsOf(deployment),
        annotations: annotationsOf(request),
        ...podSpec(request),
      },
    },
  } as KubeObject
}

function metadataOf({ metadata, spec }: ModelDeployment, name: string): KubeObject['metadata'] {
  return {
    name,
    namespace: metadata.namespace,
    labels: {
      'app.kubernetes.io/managed-by': 'kfp-ts',
      [SERVING_LABELS.deployment]: labelValue(metadata.name),
      [SERVING_LABELS.model]: labelValue(spec.model),
    },
    ownerReferences: [
      {
        apiVersion: `${API_GROUP}/${API_VERSION}`,
        kind: 'ModelDeployment',
        name: metadata.name,
        uid: metadata.uid ?? '',
        controller: true,
        blockOwnerDeletion: false,
      },
    ],
  }
}

const selectorOf = ({ metadata }: ModelDeployment) => ({ [SERVING_LABELS.deployment]: labelValue(metadata.name) })

function labelsOf(deployment: ModelDeployment): Record<string, string> {
  const { spec } = deployment
  return {
    ...spec.podDefaults?.labels,
    ...selectorOf(deployment),
    [SERVING_LABELS.model]: labelValue(spec.model),
  }
}

function annotationsOf({ deployment, version }: ServingRequest): Record<string, string> {
  return { ...deployment.spec.podDefaults?.annotations, [MODEL_VERSION_ANNOTATION]: version }
}

function podSpec(request: ServingRequest): JsonObject {
  const { deployment, place, settings } = request
  const defaults: PodDefaults = deployment.spec.podDefaults ?? {}
  const restricted = (defaults.security ?? 'Restricted') === 'Restricted'
  return withoutGaps({
    serviceAccountName: settings.serviceAccountName,
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    terminationGracePeriodSeconds: DRAIN_SECONDS + 25,
    securityContext: podSecurity(restricted, {}, settings.pods),
    nodeSelector: defaults.nodeSelector,
    tolerations: defaults.tolerations,
    imagePullSecrets: defaults.imagePullSecrets,
    priorityClassName: defaults.priorityClassName,
    ...('subPath' in place && { volumes: [storeVolume(settings.pods, MODEL_VOLUME)] }),
    containers: [container(request, restricted)],
  })
}

function container({ deployment, version, place, settings }: ServingRequest, restricted: boolean): JsonObject {
  const { spec } = deployment
  const defaults: PodDefaults = spec.podDefaults ?? {}
  const file = 'subPath' in place ? `${MODEL_FOLDER}/${place.fileName}` : place.uri
  const probe = (path: string) => ({ httpGet: { path, port: 'http' }, timeoutSeconds: 5 })
  const { cpu, memory } = defaults.resources ?? {}
  return withoutGaps({
    // KServe asks for this name.
    name: 'kserve-container',
    image: spec.image ?? settings.servingImage,
    imagePullPolicy: 'IfNotPresent',
    args: [
      ...['serve-model', file, '--name', spec.model, '--model-version', version],
      ...['--host', '0.0.0.0', '--port', String(PORT), '--drain', String(DRAIN_SECONDS)],
    ],
    env: [
      { name: 'HOME', value: '/tmp' },
      // Only pods that read from an object store get its credentials.
      ...('uri' in place && 'objects' in settings.pods.store ? objectStoreVariables(settings.pods.store.objects) : []),
      ...(defaults.env ?? []),
    ],
    ports: [{ name: 'http', containerPort: PORT, protocol: 'TCP' }],
    startupProbe: { ...probe('/ready'), periodSeconds: 1, failureThreshold: START_SECONDS },
    readinessProbe: { ...probe('/ready'), periodSeconds: 2, failureThreshold: 2 },
    livenessProbe: { ...probe('/health'), periodSeconds: 10, failureThreshold: 3 },
    ...((cpu || memory) && { resources: { limits: withoutGaps({ cpu, memory }) } }),
    ...('subPath' in place && {
      volumeMounts: [
        { name: MODEL_VOLUME, mountPath: MODEL_FOLDER, ...inStore(settings.pods, place.subPath), readOnly: true },
      ],
    }),
    terminationMessagePolicy: 'FallbackToLogsOnError',
    securityContext: restricted ? { ...containerSecurity(true), readOnlyRootFilesystem: true } : undefined,
  })
}

function withoutGaps(value: object): JsonObject {
  return Object.fromEntries(Object.entries(value).filter(([, item]) => item !== undefined)) as JsonObject
}
