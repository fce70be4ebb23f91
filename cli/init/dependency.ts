/** What a new project's package.json says of kfp-ts, which no registry has: the package that is running right now. */
import { access, copyFile, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runNpm } from './npm.ts'
import { packageRoot } from './package-root.ts'

/** Folder in the project for the packed kfp-ts; committed with it, so that the project installs on other machines too. */
const VENDOR = 'vendor'

/**
 * From a checkout: packs it (which builds it) into the project. From an installed package: refers to its folder.
 *
 * @throws Error when the checkout cannot be built
 */
export async function dependencySpec(project: string): Promise<string> {
  const root = await packageRoot()
  if (!(await isCheckout(root))) return `file:${root}`
  process.stdout.write('packing kfp-ts from its checkout ...\n')
  const folder = await mkdtemp(join(tmpdir(), 'kfp-ts-pack-'))
  try {
    const status = await runNpm(root, ['pack', '--silent', '--pack-destination', folder], { quiet: true })
    const [tarball] = await readdir(folder)
    if (status !== 0 || !tarball) throw new Error(`npm pack in ${root} ended with status ${status}`)
    await mkdir(join(project, VENDOR), { recursive: true })
    // A copy: the two folders may lie on different file systems.
    await copyFile(join(folder, tarball), join(project, VENDOR, tarball))
    return `file:${VENDOR}/${tarball}`
  } finally {
    await rm(folder, { recursive: true })
  }
}

function isCheckout(root: string): Promise<boolean> {
  return access(join(root, 'tsconfig.build.json')).then(
    () => true,
    () => false,
  )
}
