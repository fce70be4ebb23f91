/** Generator: compiles every ready component, and those of the hybrid example, to a component.yaml that any Kubeflow can load. */
import { compile, printPipelineYaml } from 'kfp-ts/compiler'
import * as library from 'kfp-ts/components'
import { evaluate } from '../examples/hybrid/components/evaluate.ts'
import { preprocess } from '../examples/hybrid/components/preprocess.ts'
import { train } from '../examples/hybrid/components/train.ts'

type AnyComponent = Extract<Parameters<typeof compile>[0], { readonly kind: 'component' }>

export async function generate(): Promise<Map<string, string>> {
  const files = new Map<string, string>()
  const ready: readonly unknown[] = Object.values(library)
  for (const component of ready.filter(isComponent)) {
    files.set(`components/${component.model.name}/component.yaml`, await componentYaml(component))
  }
  for (const component of [preprocess, train, evaluate]) {
    files.set(`examples/hybrid/${component.model.name}_component.yaml`, await componentYaml(component))
  }
  return files
}

function isComponent(value: unknown): value is AnyComponent {
  return typeof value === 'function' && (value as unknown as AnyComponent).kind === 'component'
}

async function componentYaml(component: AnyComponent): Promise<string> {
  const { document, issues } = await compile(component, { target: 'kfp' })
  if (document) return printPipelineYaml(document)
  throw new Error(`component ${component.model.name}: ${issues.map((issue) => issue.message).join('; ')}`)
}
