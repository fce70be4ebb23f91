/** Which way a component can run on this machine without its image. Pure: looks at the command alone. */
import { type PythonBootstrap, readBootstrap } from './python/bootstrap.ts'

export type StepKind =
  | { readonly kind: 'node' }
  | { readonly kind: 'python'; readonly bootstrap: PythonBootstrap }
  /** Any other container component: its command needs its image, or `--host-commands`. */
  | { readonly kind: 'container' }

export function stepKind(command: readonly string[], args: readonly string[]): StepKind {
  const bootstrap = readBootstrap(command)
  if (bootstrap) return { kind: 'python', bootstrap }
  return isTypeScriptComponent(command, args) ? { kind: 'node' } : { kind: 'container' }
}

/** What compiler/ emits: `node` with the source in the arguments, called with the executor input. */
function isTypeScriptComponent(command: readonly string[], args: readonly string[]): boolean {
  return command[0] === 'node' && [...command, ...args].includes('--executor_input')
}
