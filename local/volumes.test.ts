import { expect, test } from 'vitest'
import { ignoredSettings, mountsOf, volumeFolder, withMounts } from './volumes.ts'

test('claims and scratch volumes become folders', () => {
  const kubernetes = {
    pvcMount: [
      { mountPath: '/data', subPath: 'a', pvcNameParameter: { runtimeValue: { constant: 'my-claim' } } },
      { mountPath: '/x', constant: 'old' },
    ],
    emptyDirMounts: [{ volumeName: 'tmp', mountPath: '/scratch' }],
  }
  expect(mountsOf('/root', '/attempt', kubernetes)).toEqual([
    { folder: '/root/volumes/my-claim/a', mountPath: '/data' },
    { folder: '/root/volumes/old', mountPath: '/x' },
    { folder: '/attempt/volumes/tmp', mountPath: '/scratch' },
  ])
})

test('a claim can not lead out of its folder', () => {
  expect(volumeFolder('/root', '../../etc')).toBe('/root/volumes/__.._etc')
  const [mount] = mountsOf('/root', '/attempt', {
    pvcMount: [{ mountPath: '/d', constant: 'c', subPath: '../../../etc' }],
  })
  expect(mount?.folder).toBe('/root/volumes/c/etc')
})

test('without mounts a command stays as it is', () => {
  expect(withMounts(['echo', 'x'], [], true)).toEqual(['echo', 'x'])
  expect(withMounts(['echo', 'x'], [{ folder: '/a', mountPath: '/b' }], false).slice(0, 4)).toEqual([
    'unshare',
    '--user',
    '--map-root-user',
    '--mount',
  ])
})

test('what has no meaning here is said once each', () => {
  const lines = ignoredSettings({
    secretAsEnv: [{ secretName: 's' }],
    configMapAsVolume: [{}],
    nodeSelector: { labels: { a: 'b' } },
  })
  expect(lines).toHaveLength(2)
  expect(lines[0]).toContain('secretAsEnv')
})
