/**
 * Public entry `kfp-ts/testing`: runs a pipeline inside a unit test, with fakes for its components and virtual time, by the
 * same engine that runs it for real.
 */
export type { FakeSeen, FakeWait, FakeWaitCall } from './fake-waits.ts'
export { type FakeArtifact, type FakeCall, type FakeComponent, type FakeOutputs, StepFailure } from './fakes.ts'
export { runPipeline, type TestOptions } from './run-pipeline.ts'
export type { AttemptNote, TestRun, TestTask } from './test-run.ts'
