/** Generator: compiles every ready component, and those of the hybrid example, to a component.yaml that any Kubeflow can load. */
import { type AnyPipeline, definePipeline } from 'kfp-ts'
import { compile, printPipelineYaml } from 'kfp-ts/compiler'
import * as library from 'kfp-ts/components'
import { evaluate } from '../examples/hybrid/components/evaluate.ts'
import { preprocess } from '../examples/hybrid/components/preprocess.ts'
import { train } from '../examples/hybrid/components/train.ts'

/** Components as their callers' types don't matter here. */
interface AnyComponent {
  (inputs: unknown): { readonly outputs: Readonly<Record<string, never>> }
  readonly kind: 'component'
  readonly model: { readonly name: string; readonly description?: string }
  readonly inputs: Readonly<Record<string, never>>
  readonly outputs: Readonly<Record<string, never>>
}

export async function generate(): Promise<Map<string, string>> {
  const files = new Map<string, string>()
  for (const component of Object.values(library).filter(isComponent)) {
    files.set(`components/${component.model.name}/component.yaml`, await componentYaml(component))
  }
  const hybrid: readonly unknown[] = [preprocess, train, evaluate]
  for (const component of hybrid.filter(isComponent)) {
    files.set(`examples/hybrid/${component.model.name}_component.yaml`, await componentYaml(component))
  }
  return files
}

function isComponent(value: unknown): value is AnyComponent {
  return typeof value === 'function' && (value as unknown as AnyComponent).kind === 'component'
}

/** A component alone, in the form in which the KFP SDK compiles one: a pipeline of one task that passes everything through. */
async function componentYaml(component: AnyComponent): Promise<string> {
  const { name, description } = component.model
  const pipeline = definePipeline(
    {
      name: name.replaceAll('_', '-'),
      ...(description ? { description } : {}),
      inputs: component.inputs,
      outputs: component.outputs,
    },
    (inputs) => ({ ...component(inputs).outputs }),
  )
  const { document, issues } = await compile(pipeline as AnyPipeline, { target: 'kfp' })
  if (!document) throw new Error(`component ${name}: ${issues.map((issue) => issue.message).join('; ')}`)
  return printPipelineYaml(document)
}
