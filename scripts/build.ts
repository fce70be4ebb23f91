/** Builds the npm package: sources to dist/ as plain JavaScript with declarations. */
import { spawnSync } from 'node:child_process'
import { cp, rm } from 'node:fs/promises'
import { resolve } from 'node:path'

const root = resolve(import.meta.dirname, '..')
await rm(resolve(root, 'dist'), { recursive: true, force: true })
const result = spawnSync('tsc', ['-p', 'tsconfig.build.json'], { cwd: root, stdio: 'inherit' })
if (result.status !== 0) process.exit(result.status ?? 1)
/** Files that the sources read beside themselves at run time. */
for (const data of ['api/schema', 'components']) {
  await cp(resolve(root, data), resolve(root, 'dist', data), {
    recursive: true,
    filter: (source) => !/\.(test|bench)\.ts$|\.ts$/.test(source),
  }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error
  })
}
