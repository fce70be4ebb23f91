/** Before the files of the cluster projects: our kinds are served. After them: the namespaces that they removed are gone. */
import { randomBytes } from 'node:crypto'
import { installCrds, kube, NAMESPACES, TEST_RUN, until } from './cluster.ts'

export default async function setup(): Promise<() => Promise<void>> {
  const run = randomBytes(4).toString('hex')
  // Files of tests are processes of their own, which inherit it.
  process.env[TEST_RUN.variable] = run
  await installCrds()
  return async () => {
    await until('the namespaces of the tests are gone', () => areGone(run)).catch((error) => {
      // What is thrown here is printed and no more.
      process.exitCode = 1
      throw error
    })
  }
}

async function areGone(run: string): Promise<boolean> {
  const { items } = await kube.list(NAMESPACES, { labelSelector: `${TEST_RUN.label}=${run}` })
  if (items.length > 0) throw new Error(items.map(({ metadata }) => metadata.name).join(', '))
  return true
}
