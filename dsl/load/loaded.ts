/** A component that was loaded from a document: its types are known only when the document has been read. */
import type { Component } from '../component.ts'
import type { Task } from '../task.ts'
import type { InputTypes, OutputTypes } from '../types/index.ts'

/**
 * A component without TypeScript types. Wires are checked when the pipeline is compiled;
 * `kfp-ts generate` writes types for imports of YAML files.
 */
export interface LoadedComponent {
  // biome-ignore lint/suspicious/noExplicitAny: types of a loaded component are not known to tsc.
  (args?: Readonly<Record<string, any>>): Task<Readonly<Record<string, any>>>
  readonly kind: 'component'
  readonly model: Component['model']
  readonly inputs: InputTypes
  readonly outputs: OutputTypes
}
