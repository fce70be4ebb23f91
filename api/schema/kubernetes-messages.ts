/** The messages of the platform document (kfp-ir.md chapter 4). A stock backend ignores keys that it does not know here. */
import {
  bool,
  deprecated,
  type Field,
  field,
  int32,
  int64,
  list,
  type Message,
  type MessageTable,
  map,
  message,
  struct,
  text,
} from './field-types.ts'

const tolerant = (doc: string, fields: Readonly<Record<string, Field>>, oneofs?: Message['oneofs']): Message => ({
  doc,
  fields,
  toleratesUnknownFields: true,
  ...(oneofs ? { oneofs } : {}),
})
const nameParameter = (what: string): Field => field(message('TaskInputParameterSpec'), `${what}, resolved at run time`)
const plainName = (what: string): Field => deprecated(text, `${what} as plain text`)
const mountPath = field(text, 'where it is mounted')
const optionalSource = field(bool, 'start even if it does not exist')
const textMap = map(text)

const sourceMessages: MessageTable = {
  SecretAsVolume: tolerant('A secret as files.', {
    secretName: plainName('name of the secret'),
    secretNameParameter: nameParameter('name of the secret'),
    mountPath,
    optional: optionalSource,
  }),
  SecretAsEnv: tolerant('Keys of a secret as environment variables.', {
    secretName: plainName('name of the secret'),
    secretNameParameter: nameParameter('name of the secret'),
    keyToEnv: field(list(message('SecretKeyToEnvMap')), 'which key becomes which variable'),
    optional: optionalSource,
  }),
  SecretKeyToEnvMap: tolerant('One key of a secret.', {
    secretKey: field(text, 'key of the secret'),
    envVar: field(text, 'name of the variable'),
  }),
  ConfigMapAsVolume: tolerant('A config map as files.', {
    configMapName: plainName('name of the config map'),
    configMapNameParameter: nameParameter('name of the config map'),
    mountPath,
    optional: optionalSource,
  }),
  ConfigMapAsEnv: tolerant('Keys of a config map as environment variables.', {
    configMapName: plainName('name of the config map'),
    configMapNameParameter: nameParameter('name of the config map'),
    keyToEnv: field(list(message('ConfigMapKeyToEnvMap')), 'which key becomes which variable'),
    optional: optionalSource,
  }),
  ConfigMapKeyToEnvMap: tolerant('One key of a config map.', {
    configMapKey: field(text, 'key of the config map'),
    envVar: field(text, 'name of the variable'),
  }),
  PvcMount: tolerant(
    'A persistent volume claim.',
    {
      mountPath,
      subPath: field(text, 'folder inside the volume'),
      pvcNameParameter: nameParameter('name of the claim'),
      taskOutputParameter: deprecated(message('TaskOutputParameterSpec'), 'replaced by pvcNameParameter'),
      constant: deprecated(text, 'replaced by pvcNameParameter'),
      componentInputParameter: deprecated(text, 'replaced by pvcNameParameter'),
    },
    [['taskOutputParameter', 'constant', 'componentInputParameter']],
  ),
  ImagePullSecret: tolerant('A secret for the image registry.', {
    secretName: plainName('name of the secret'),
    secretNameParameter: nameParameter('name of the secret'),
  }),
  GenericEphemeralVolume: tolerant('A volume that lives as long as the pod.', {
    volumeName: field(text, 'name of the volume'),
    mountPath,
    accessModes: field(list(text), 'for example ReadWriteOnce'),
    size: field(text, 'Kubernetes quantity'),
    defaultStorageClass: field(bool, 'take the default storage class'),
    storageClassName: field(text, 'storage class'),
    metadata: field(message('PodMetadata'), 'labels and annotations of the claim'),
  }),
  EmptyDirMount: tolerant('A scratch folder.', {
    volumeName: field(text, 'name of the volume'),
    mountPath,
    medium: field(text, 'Memory or nothing'),
    sizeLimit: field(text, 'Kubernetes quantity'),
  }),
  EnabledSharedMemory: tolerant('A bigger /dev/shm.', {
    volumeName: field(text, 'name of the volume'),
    size: field(text, 'Kubernetes quantity'),
  }),
}

const podMessages: MessageTable = {
  NodeSelector: tolerant('Nodes by label.', {
    labels: field(textMap, 'labels that a node must have'),
    nodeSelectorJson: nameParameter('labels as JSON'),
  }),
  Toleration: tolerant('A taint that the pod tolerates.', {
    key: field(text, 'key of the taint'),
    operator: field(text, 'Exists or Equal'),
    value: field(text, 'value of the taint'),
    effect: field(text, 'NoExecute, NoSchedule or PreferNoSchedule'),
    tolerationSeconds: field(int64, 'seconds'),
    tolerationJson: nameParameter('a toleration, or a list, as JSON'),
  }),
  SelectorRequirement: tolerant('One requirement.', {
    key: field(text, 'label or field'),
    operator: field(text, 'In, NotIn, Exists, ...'),
    values: field(list(text), 'values'),
  }),
  NodeAffinityTerm: tolerant('Nodes that are required (no weight) or preferred.', {
    matchExpressions: field(list(message('SelectorRequirement')), 'by label'),
    matchFields: field(list(message('SelectorRequirement')), 'by field'),
    weight: field(int32, 'preference; absent means required'),
    nodeAffinityJson: nameParameter('a node affinity as JSON'),
  }),
  PodAffinityTerm: tolerant('Pods to be near to or far from.', {
    matchPodExpressions: field(list(message('SelectorRequirement')), 'labels of pods'),
    matchPodLabels: field(textMap, 'labels of pods'),
    topologyKey: field(text, 'what near means'),
    namespaces: field(list(text), 'namespaces of the pods'),
    matchNamespaceExpressions: field(list(message('SelectorRequirement')), 'labels of namespaces'),
    matchNamespaceLabels: field(textMap, 'labels of namespaces'),
    weight: field(int32, 'preference; absent means required'),
    anti: field(bool, 'far from, not near to'),
  }),
  PodMetadata: tolerant('Labels and annotations.', {
    labels: field(textMap, 'labels'),
    annotations: field(textMap, 'annotations'),
  }),
  FieldPathAsEnv: tolerant('A field of the pod as environment variable.', {
    name: field(text, 'name of the variable'),
    fieldPath: field(text, 'for example metadata.name'),
  }),
  SecurityContext: tolerant('User and group of the process.', {
    runAsUser: field(int64, 'user id'),
    runAsGroup: field(int64, 'group id'),
    runAsNonRoot: field(bool, 'refuse to run as root'),
  }),
  InitContainer: tolerant('A container that runs before the step.', {
    name: field(text, 'name'),
    image: field(text, 'container image'),
    command: field(list(text), 'entry point'),
    args: field(list(text), 'arguments'),
    env: field(list(message('EnvVar')), 'environment variables'),
    volumeMounts: field(list(message('VolumeMount')), 'volumes of the pod'),
    restartPolicy: field(text, 'Always makes it a sidecar'),
    resources: field(struct, 'requests and limits'),
  }),
  VolumeMount: tolerant('A volume of the pod.', { volumeName: field(text, 'name of the volume'), mountPath }),
}

const platformMessages: MessageTable = {
  PlatformSpec: {
    doc: 'The platform document.',
    fields: { platforms: field(message('Platforms'), 'settings by platform') },
  },
  Platforms: tolerant('Settings by platform; only kubernetes is known.', {
    kubernetes: field(message('KubernetesPlatform'), 'settings for Kubernetes'),
  }),
  KubernetesPlatform: tolerant('Settings for Kubernetes.', {
    deploymentSpec: field(message('KubernetesDeploymentConfig'), 'settings of the executors'),
    version: field(text, 'version of the platform'),
    config: field(struct, 'free settings; kfp never writes them'),
    platform: field(text, 'name of the platform'),
    pipelineConfig: field(message('PipelineConfig'), 'settings of the whole run'),
  }),
  KubernetesDeploymentConfig: tolerant('Settings of the executors.', {
    executors: field(map(message('KubernetesExecutorConfig')), 'by executor label'),
  }),
  PipelineConfig: tolerant('Settings of the whole run; times in seconds.', {
    resourceTtlOnCompletion: field(int32, 'delete the run so long after its end'),
    resourceTtlOnSuccess: field(int32, 'delete the run so long after success'),
    resourceTtlOnFailure: field(int32, 'delete the run so long after failure'),
    activeDeadlineSeconds: field(int64, 'limit of the whole run'),
    workspace: field(message('WorkspaceConfig'), 'a volume that all steps share'),
    mutexName: field(text, 'one run at a time of those that name it (kfp 2.14 and 2.15)'),
    semaphoreKey: field(
      text,
      'pool, or key of the ConfigMap semaphore-config, that the run counts against (kfp 2.14 and 2.15)',
    ),
  }),
  WorkspaceConfig: tolerant('A volume that all steps share.', {
    size: field(text, 'Kubernetes quantity'),
    kubernetes: field(message('KubernetesWorkspaceConfig'), 'details'),
  }),
  KubernetesWorkspaceConfig: tolerant('Details of the shared volume.', {
    pvcSpecPatch: field(struct, 'accessModes and storageClassName of the claim'),
  }),
  KubernetesExecutorConfig: tolerant('Settings of one executor.', {
    secretAsVolume: field(list(message('SecretAsVolume')), 'secrets as files'),
    secretAsEnv: field(list(message('SecretAsEnv')), 'secrets as environment variables'),
    configMapAsVolume: field(list(message('ConfigMapAsVolume')), 'config maps as files'),
    configMapAsEnv: field(list(message('ConfigMapAsEnv')), 'config maps as environment variables'),
    pvcMount: field(list(message('PvcMount')), 'persistent volume claims'),
    nodeSelector: field(message('NodeSelector'), 'nodes by label'),
    tolerations: field(list(message('Toleration')), 'tolerated taints'),
    nodeAffinity: field(list(message('NodeAffinityTerm')), 'required and preferred nodes'),
    podAffinity: field(list(message('PodAffinityTerm')), 'pods to be near to or far from'),
    podMetadata: field(message('PodMetadata'), 'labels and annotations of the pod'),
    imagePullSecret: field(list(message('ImagePullSecret')), 'secrets for the image registry'),
    imagePullPolicy: field(text, 'Always, Never or IfNotPresent'),
    fieldPathAsEnv: field(list(message('FieldPathAsEnv')), 'fields of the pod as environment variables'),
    activeDeadlineSeconds: field(int64, 'limit of the pod in seconds'),
    genericEphemeralVolume: field(list(message('GenericEphemeralVolume')), 'volumes that live with the pod'),
    emptyDirMounts: field(list(message('EmptyDirMount')), 'scratch folders'),
    enabledSharedMemory: field(message('EnabledSharedMemory'), 'a bigger /dev/shm'),
    securityContext: field(message('SecurityContext'), 'user and group of the process'),
    initContainers: field(list(message('InitContainer')), 'containers that run before the step'),
    pool: field(message('PoolShare'), "share of a pool of kfp-ts's operator; Kubeflow ignores it"),
  }),
  PoolShare: tolerant("What a pod takes of a pool of kfp-ts's operator.", {
    name: field(text, 'name of the pool'),
    weight: field(int32, 'how much of it; 1 by default'),
  }),
}

export const KUBERNETES_MESSAGES: MessageTable = { ...sourceMessages, ...podMessages, ...platformMessages }
