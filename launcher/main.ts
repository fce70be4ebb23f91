/** Runs beside a step on an object store: `stage` copies its inputs in, `publish` waits for its end and copies its outputs out. */

// The kubelet asks sidecars to end when the step has ended: that is the sign. Heard before anything large is loaded: the first
// process of a container does not even die of a signal that it has no handler for.
const stepEnded = new Promise<void>((resolve) => {
  process.once('SIGTERM', () => resolve())
})

const { carryOut } = await import('./carry-out.ts')
await carryOut(process.argv[2], stepEnded)
