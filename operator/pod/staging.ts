/** What a Pod gets beside the user's container when artifacts lie in an object store: a launcher that copies in and out. Pure. */
import { dirname } from 'node:path'
import { LAUNCHER_PORT, STAGING_PLAN_VARIABLE, type StagingPlan } from '../../api/staging-plan.ts'
import type { Launch } from '../../engine/types.ts'
import { type Container, type EnvVar, LAUNCHER_CONTAINER } from './pod-types.ts'

export interface ObjectStorePods {
  /** Image that holds the launcher. */
  readonly launcherImage: string
  /** @default ['node', '/app/dist/launcher/main.js'] */
  readonly launcherCommand?: readonly string[] | undefined
  /** Secret with AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; steps never see it. */
  readonly secretName?: string | undefined
  readonly endpoint?: string | undefined
  readonly region?: string | undefined
}

/** Copying in and out is bounded by the size of artifacts, not by the grace of a program. */
export const PUBLISH_GRACE_SECONDS = 600
const LAUNCHER_COMMAND = ['node', '/app/dist/launcher/main.js']
const SCHEME = /^(s3|minio):\/\//

/** A sidecar: it starts before the step, which waits for its startup probe, and is asked to end after the step has ended. */
export function launcherContainer(
  pods: ObjectStorePods,
  launch: Launch,
  resultUri: string,
  common: Pick<Container, 'volumeMounts' | 'securityContext'>,
): Container {
  return {
    ...common,
    name: LAUNCHER_CONTAINER,
    image: pods.launcherImage,
    command: pods.launcherCommand ?? LAUNCHER_COMMAND,
    env: environment(pods, stagingPlan(launch, resultUri)),
    imagePullPolicy: 'IfNotPresent',
    terminationMessagePolicy: 'FallbackToLogsOnError',
    restartPolicy: 'Always',
    startupProbe: { tcpSocket: { port: LAUNCHER_PORT }, periodSeconds: 1, timeoutSeconds: 5, failureThreshold: 3600 },
  }
}

/** A pod that copies one artifact to the workspace and does nothing else: the launcher, in the place of a step. */
export function importLaunch(pods: ObjectStorePods, uri: string, path: string): Launch {
  const plan: StagingPlan = {
    folders: [],
    inputs: [{ uri, path }],
    outputs: [],
    executorOutputFile: '',
    parameterFiles: {},
    resultUri: '',
    onlyStage: true,
  }
  const env = environment(pods, plan)
  const keyToEnv = env.filter(({ valueFrom }) => valueFrom).map(({ name }) => ({ secretKey: name, envVar: name }))
  return {
    taskKey: 'importer',
    displayName: 'importer',
    componentName: 'importer',
    executorLabel: 'importer',
    image: pods.launcherImage,
    command: pods.launcherCommand ?? LAUNCHER_COMMAND,
    args: [],
    env: env.flatMap(({ name, value }) => (value === undefined ? [] : [{ name, value }])),
    resources: {},
    executorInput: { inputs: {}, outputs: { outputFile: '' } },
    outputs: { parameters: {}, artifacts: {} },
    inputArtifacts: [],
    scratchDir: '',
    kubernetes: keyToEnv.length > 0 ? { secretAsEnv: [{ secretName: pods.secretName!, keyToEnv }] } : {},
    usesWorkspace: true,
  }
}

/** Artifacts whose URIs are of other schemes stay where they are, as in Kubeflow. */
export function stagingPlan(launch: Launch, resultUri: string): StagingPlan {
  const { outputFile } = launch.executorInput.outputs
  const parameterFiles = Object.fromEntries(
    Object.entries(launch.outputs.parameters).map(([name, output]) => [name, output.outputFile]),
  )
  const outputs = Object.entries(launch.outputs.artifacts)
    .filter(([, { uri }]) => SCHEME.test(uri))
    .map(([name, { uri, path }]) => ({ name, uri, path }))
  const objects = launch.inputArtifacts.filter(({ artifact }) => SCHEME.test(artifact.uri))
  const isInWorkspace = ({ artifact }: Launch['inputArtifacts'][number]) => artifact.metadata['_kfp_workspace'] === true
  const folders = [launch.scratchDir, outputFile, ...Object.values(parameterFiles), ...outputs.map(({ path }) => path)]
  return {
    folders: [...new Set([launch.scratchDir, ...folders.slice(1).map((path) => dirname(path))])],
    inputs: objects.filter((input) => !isInWorkspace(input)).map(({ artifact, path }) => ({ uri: artifact.uri, path })),
    links: objects
      .filter(isInWorkspace)
      .map(({ artifact, path }) => ({ path: pathOfObject(artifact.uri), target: path })),
    outputs,
    executorOutputFile: outputFile,
    parameterFiles,
    resultUri,
  }
}

/** Where the SDK looks for an object by its URI alone. */
const pathOfObject = (uri: string): string => `/${uri.replace('://', '/').split('?')[0]}`

function environment(pods: ObjectStorePods, plan: StagingPlan): EnvVar[] {
  return [
    { name: STAGING_PLAN_VARIABLE, value: JSON.stringify(plan) },
    { name: 'HOME', value: '/tmp' },
    ...objectStoreVariables(pods),
  ]
}

/** How a container reaches the object store. */
export function objectStoreVariables({ secretName, endpoint, region }: ObjectStorePods): EnvVar[] {
  const fromSecret = (name: string): EnvVar => ({ name, valueFrom: { secretKeyRef: { name: secretName, key: name } } })
  return [
    ...(endpoint ? [{ name: 'KFP_TS_S3_ENDPOINT', value: endpoint }] : []),
    ...(region ? [{ name: 'KFP_TS_S3_REGION', value: region }] : []),
    ...(secretName ? [fromSecret('AWS_ACCESS_KEY_ID'), fromSecret('AWS_SECRET_ACCESS_KEY')] : []),
  ]
}
