import { expect, test } from 'vitest'
import type { Launch } from '../engine/types.ts'
import { containerStep } from './container-step.ts'

const LAUNCH: Launch = {
  taskKey: 'train',
  displayName: 'train',
  componentName: 'comp-train',
  executorLabel: 'exec-train',
  image: 'python:3.11',
  command: ['sh', '-c', 'echo "$0" $(date)'],
  args: ['$(MODE)'],
  env: [{ name: 'MODE', value: 'fast' }],
  resources: { memoryLimit: '1.5Gi', cpuLimit: '500m', accelerator: { type: 'nvidia.com/gpu', count: '1' } },
  executorInput: { inputs: {}, outputs: { outputFile: '/r/out.json' } },
  outputs: { parameters: {}, artifacts: {} },
  inputArtifacts: [],
  scratchDir: '/r/scratch',
  kubernetes: {},
  usesWorkspace: false,
}
const input = {
  ...({ program: 'docker', launch: LAUNCH, attempt: 2, containerName: 'kfp-ts-x', logFile: '/l' } as const),
  ...{
    sharedFolders: ['/r', '/r'],
    inputPaths: ['/etc/app.json'],
    mounts: [{ folder: '/v', mountPath: '/data' }],
    hostEnv: { HOME: '/h' },
  },
}

test('the command line keeps the words, mounts folders where they lie, and sets limits', () => {
  const { argv } = containerStep(input)
  const image = argv.indexOf('python:3.11')
  expect(argv.slice(0, 2)).toEqual(['docker', 'run'])
  expect(argv.slice(image + 1)).toEqual(['-c', 'echo "$0" $(date)', 'fast'])
  const options = argv.slice(2, image).join(' ')
  expect(options).toContain(
    '--name kfp-ts-x --workdir /r/scratch --volume /r:/r --volume /etc/app.json:/etc/app.json:ro',
  )
  expect(options).toContain('--volume /v:/data')
  expect(options).toContain('--env KFP_RETRY_INDEX=1 --env KFP_POD_NAME=kfp-ts-x --env MODE=fast')
  expect(options).toContain('--entrypoint sh --memory 1610612736 --cpus 0.5 --gpus all')
})

test('without a command the image decides', () => {
  const { argv } = containerStep({ ...input, launch: { ...LAUNCH, command: [], args: ['a'] } })
  expect(argv).not.toContain('--entrypoint')
  expect(argv.slice(-2)).toEqual(['python:3.11', 'a'])
})

test('words are replaced by values that are whole', () => {
  const env = [
    { name: 'A', value: '1' },
    { name: 'B', value: '$(A)-b' },
    { name: 'C', value: '$(B)-c' },
  ]
  const { argv } = containerStep({ ...input, launch: { ...LAUNCH, env, args: ['$(C)'] } })
  expect(argv).toContain('C=1-b-c')
  expect(argv.at(-1)).toBe('1-b-c')
})
