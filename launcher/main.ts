/** Runs beside a step on an object store: copies its inputs in, waits for its end, copies its outputs out. */

// The kubelet asks sidecars to end when the step has ended: that is the sign. Heard before anything large is loaded.
const stepEnded = new Promise<void>((resolve) => {
  process.once('SIGTERM', () => resolve())
})

const { carryOut } = await import('./carry-out.ts')
await carryOut(stepEnded)
