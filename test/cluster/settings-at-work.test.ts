/** Settings and command lines that only a kubelet can give a meaning: variables, dollars, init containers, things of one name. */
import { chmod, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { CONFIG_MAPS, type KubeObject } from '../../client/kube/resources.ts'
import { finished, kube, SECRETS, submit } from './support/cluster.ts'
import { useOperator, usePlace } from './support/fixtures.ts'
import { shellPipeline, withPlatform } from './support/pipelines.ts'

const place = usePlace('at-work')
beforeAll(async () => {
  const metadata = { name: 'shared.name' }
  const secret = { apiVersion: 'v1', kind: 'Secret', metadata, stringData: { key: 'of the secret', price: '5$$' } }
  await kube.create(SECRETS, place.namespace, secret as KubeObject)
  const configMap = { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { key: 'of the config map' } }
  await kube.create(CONFIG_MAPS, place.namespace, configMap as KubeObject)
  // The claim is mounted by a folder of it that the step's user may write to.
  await mkdir(join(place.store, 'prepared'))
  await chmod(join(place.store, 'prepared'), 0o777)
})
useOperator(place)

test('a step sees what was prepared for it, under the names of its author', async () => {
  const script = [
    'echo "$(cat /secret/key), $(cat /config/key), $(cat /scratch/made), $FROM_SECRET, $(cat /sub/made)"',
    // Dollars: of the shell, of Kubernetes, and of neither.
    'sleep 3; X=1; echo "$X $(echo $X) $(LATE)" \'$$(LATE)\'; [ "$$" -gt 0 ]; echo \'a$$b\'',
  ].join('; ')
  const text = shellPipeline('prepared', { step: { script: `{ ${script}; } | tr "\\n" ";" > "$OUT"` } }, ['step'])
  const name = { runtimeValue: { constant: 'shared.name' } }
  const settings = {
    secretAsVolume: [{ secretNameParameter: name, mountPath: '/secret' }],
    configMapAsVolume: [{ configMapNameParameter: name, mountPath: '/config' }],
    secretAsEnv: [
      { secretNameParameter: name, keyToEnv: [{ secretKey: 'price', envVar: 'FROM_SECRET' }] },
      { secretNameParameter: name, keyToEnv: [{ secretKey: 'key', envVar: 'LATE' }] },
    ],
    pvcMount: [{ constant: 'store', mountPath: '/sub', subPath: 'prepared' }],
    emptyDirMounts: [{ volumeName: 'Shared.Name', mountPath: '/scratch' }],
    initContainers: [
      {
        name: 'prepare',
        image: 'busybox:latest',
        command: ['sh', '-c'],
        args: ['echo made > /data/made; echo on the claim > /all/prepared/made'],
        volumeMounts: [
          { volumeName: 'Shared.Name', mountPath: '/data' },
          { volumeName: 'store', mountPath: '/all' },
        ],
      },
      // A program beside the step that fails is started again, and ends with the step.
      { name: 'beside', image: 'busybox:latest', command: ['sh', '-c', 'sleep 1; exit 1'], restartPolicy: 'Always' },
    ],
  }
  const run = await finished(place, await submit(place, withPlatform(text, { steps: { step: settings } })))
  const { phase, message, outputs } = run.status ?? {}
  expect(phase, message).toBe('Succeeded')
  expect(outputs).toEqual({
    step: 'of the secret, of the config map, made, 5$$, on the claim;1 1 of the secret $(LATE);a$$b;',
  })
})
