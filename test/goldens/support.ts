/** What the golden pipelines share: Python components of the SDK as containers, with the arguments that the SDK gives them. */
import { type Component, defineContainerComponent, executorInput } from 'kfp-ts'
import type { InputTypes, OutputTypes } from '../../dsl/types/index.ts'

/** A Python component by the name of its function; command and image are not compared. */
export function python<const I extends InputTypes, const O extends OutputTypes>(
  functionName: string,
  io: {
    readonly inputs?: I
    readonly outputs?: O
    readonly description?: string
    readonly env?: Readonly<Record<string, string>>
  } = {},
): Component<I, O> {
  return defineContainerComponent<I, O>({
    name: functionName,
    ...io,
    image: 'python:3.11',
    command: ['python3', '-m', 'kfp.dsl.executor_main'],
    args: ['--executor_input', executorInput, '--function_to_execute', functionName],
  })
}
