/** What a Pod gets beside the user's container when artifacts lie in an object store: a launcher before it and one after it. Pure. */
import { dirname } from 'node:path'
import { STAGING_PLAN_VARIABLE, type StagingPlan } from '../../api/staging-plan.ts'
import type { Launch } from '../../engine/types.ts'
import type { Container, EnvVar } from './pod-types.ts'

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
const SCHEME = /^(s3|minio):\/\//

export function stagingContainers(
  pods: ObjectStorePods,
  launch: Launch,
  resultUri: string,
  common: Pick<Container, 'volumeMounts' | 'securityContext'>,
): Container[] {
  const env = environment(pods, stagingPlan(launch, resultUri))
  const [program = 'node', ...rest] = pods.launcherCommand ?? ['node', '/app/dist/launcher/main.js']
  const launcher = (name: string, word: string): Container => ({
    ...common,
    name,
    image: pods.launcherImage,
    command: [program, ...rest, word],
    env,
    imagePullPolicy: 'IfNotPresent',
    terminationMessagePolicy: 'FallbackToLogsOnError',
  })
  return [launcher('kfp-ts-stage', 'stage'), { ...launcher('kfp-ts-publish', 'publish'), restartPolicy: 'Always' }]
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
  const folders = [launch.scratchDir, outputFile, ...Object.values(parameterFiles), ...outputs.map(({ path }) => path)]
  return {
    folders: [...new Set([launch.scratchDir, ...folders.slice(1).map((path) => dirname(path))])],
    inputs: launch.inputArtifacts
      .filter(({ artifact }) => SCHEME.test(artifact.uri))
      .map(({ artifact, path }) => ({ uri: artifact.uri, path })),
    outputs,
    executorOutputFile: outputFile,
    parameterFiles,
    resultUri,
  }
}

function environment({ secretName, endpoint, region }: ObjectStorePods, plan: StagingPlan): EnvVar[] {
  const fromSecret = (name: string): EnvVar => ({ name, valueFrom: { secretKeyRef: { name: secretName, key: name } } })
  return [
    { name: STAGING_PLAN_VARIABLE, value: JSON.stringify(plan) },
    { name: 'HOME', value: '/tmp' },
    ...(endpoint ? [{ name: 'KFP_TS_S3_ENDPOINT', value: endpoint }] : []),
    ...(region ? [{ name: 'KFP_TS_S3_REGION', value: region }] : []),
    ...(secretName ? [fromSecret('AWS_ACCESS_KEY_ID'), fromSecret('AWS_SECRET_ACCESS_KEY')] : []),
  ]
}
