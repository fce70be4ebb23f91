/** The order of test files: those that take minutes start first, so that no core is idle while the last of them ends. */
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** What starts first, by project. A new checkout has no times of an earlier run, and vitest would go by the size of the files. */
const LONGEST = [
  'test/cluster/conformance.test.ts',
  'test/cluster/objects.test.ts',
  'test/cluster/waiting.test.ts',
  // Not beside the whole of the first one: both keep the cores busy.
  'test/cluster/kill.test.ts',
  'test/cluster/conformance-s3.test.ts',
  'test/cluster/schedule.test.ts',
  'test/cluster/replicas.test.ts',
  'test/python/schedule/airflow.test.ts',
  'test/python/conformance-run/conformance-run.test.ts',
]

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    const rank = ({ moduleId }: TestSpecification): number => {
      const at = LONGEST.findIndex((path) => moduleId.endsWith(path))
      return at < 0 ? LONGEST.length : at
    }
    return sorted.sort((a, b) => rank(a) - rank(b))
  }
}
