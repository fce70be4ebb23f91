/** A reporter for CI: a test that was skipped, or left out by an `only`, fails the run. */
import type { Reporter, TestModule } from 'vitest/node'

export class NoSkips implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const skipped = modules.flatMap(({ children }) => [...children.allTests('skipped')])
    for (const { module, fullName } of skipped) {
      process.stderr.write(`skipped, but it should run here: ${module.relativeModuleId} > ${fullName}\n`)
    }
    if (skipped.length > 0) process.exitCode = 1
  }
}
