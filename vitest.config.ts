import { defineConfig } from 'vitest/config'
import { LongestFirst } from './test/longest-first.ts'
import { NoSkips } from './test/no-skips.ts'

/** Our kinds are served before the files of a project begin, and their namespaces are gone when it is over. */
const CLUSTER = {
  globalSetup: ['test/cluster/support/global-setup.ts'],
  testTimeout: 1_800_000,
  hookTimeout: 900_000,
}

/** `unit` is the fast project (no network, no Python, no cluster); the others name what they need. */
export default defineConfig({
  resolve: { conditions: ['kfp-ts-source', 'node'] },
  ssr: { resolve: { conditions: ['kfp-ts-source', 'node'] } },
  test: {
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // What runs after the last file waits for the cluster.
    teardownTimeout: 180_000,
    sequence: { sequencer: LongestFirst },
    reporters: process.env['KFP_TS_NO_SKIPS'] ? ['default', new NoSkips()] : ['default'],
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['**/*.test.ts'],
          exclude: ['**/node_modules/**', '**/dist/**', 'test/python/**', 'test/cluster/**', 'test/servers/**'],
        },
      },
      // Needs Python 3.11 with venv and PyPI: conformance by running, differential tests against kfp.local.
      {
        extends: true,
        test: {
          name: 'python',
          include: ['test/python/**/*.test.ts'],
          testTimeout: 900_000,
          hookTimeout: 900_000,
          maxWorkers: 2,
        },
      },
      // Needs servers that the test installs and starts itself: Postgres, an S3 server, kfp and mlflow clients.
      {
        extends: true,
        test: {
          name: 'servers',
          include: ['test/servers/**/*.test.ts'],
          testTimeout: 900_000,
          hookTimeout: 900_000,
          fileParallelism: false,
        },
      },
      // Needs the cluster of `make cluster-up`. Each file has namespaces of its own.
      {
        extends: true,
        test: {
          name: 'cluster',
          include: ['test/cluster/**/*.test.ts'],
          exclude: ['test/cluster/disruptive/**'],
          // Three at once, on two cores, made pods so late that tests gave them up.
          maxWorkers: 2,
          ...CLUSTER,
        },
      },
      // The same cluster, alone on it: these stop parts of it, lose nodes, or install the operator for real.
      {
        extends: true,
        test: {
          name: 'cluster-disruptive',
          include: ['test/cluster/disruptive/**/*.test.ts'],
          fileParallelism: false,
          ...CLUSTER,
        },
      },
    ],
  },
})
