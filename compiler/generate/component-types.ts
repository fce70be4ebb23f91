/** The TypeScript declaration beside a YAML component, which gives `import train from './train.yaml'` its types. Pure. */
import type { ComponentModel } from '../../dsl/graph.ts'
import type { AnyType } from '../../dsl/types/index.ts'
import type { ParameterType } from '../../dsl/types/parameters.ts'

/**
 * The text of the declaration.
 *
 * @param yamlName the file's own name, such as `train.yaml`
 */
export function componentDeclaration(model: ComponentModel, yamlName: string): string {
  const inputs = interfaceText('Inputs', model.inputs)
  const outputs = interfaceText('Outputs', model.outputs)
  const used = ['ArtifactType', 'Component', 'FinalStatus', 'ParameterType'].filter(
    (name) =>
      name === 'Component' || `${inputs}${outputs}`.includes(`${name}<`) || `${inputs}${outputs}`.includes(`<${name},`),
  )
  return `// Written by "kfp-ts generate" from ${yamlName}. Run it again when that file changes; do not edit.
import type { ${used.join(', ')} } from 'kfp-ts'

${inputs}
${outputs}
${comment(model.description, '')}declare const component: Component<Inputs, Outputs>
export default component
`
}

/** Name of the declaration that TypeScript looks for: `train.yaml` -> `train.d.yaml.ts`. */
export function declarationName(yamlName: string): string {
  return yamlName.replace(/\.(ya?ml)$/, '.d.$1.ts')
}

function interfaceText(name: string, types: Readonly<Record<string, AnyType>>): string {
  const entries = Object.entries(types).sort(([a], [b]) => (a < b ? -1 : 1))
  if (entries.length === 0) return `type ${name} = Record<never, never>\n`
  const lines = entries.map(
    ([key, type]) => `${comment(documentation(type), '  ')}  readonly ${propertyName(key)}: ${typeText(type)}\n`,
  )
  return `type ${name} = {\n${lines.join('')}}\n`
}

function quoted(text: string): string {
  return /^[\w .@/-]*$/.test(text) ? `'${text}'` : JSON.stringify(text)
}

function propertyName(key: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(key) ? key : quoted(key)
}

/** The description, and the default where there is one. */
function documentation(type: AnyType): string | undefined {
  const fallback =
    type.kind === 'parameter' && type.defaultValue !== undefined
      ? `@default ${JSON.stringify(type.defaultValue)}`
      : undefined
  return [type.description, fallback].filter((line) => line !== undefined).join('\n') || undefined
}

function comment(text: string | undefined, indent: string): string {
  if (!text) return ''
  const lines = text
    .replaceAll('*/', '* /')
    .trim()
    .split(/\r\n|\r|\n/)
  if (lines.length === 1) return `${indent}/** ${lines[0]} */\n`
  return `${indent}/**\n${lines.map((line) => `${indent} * ${line}`.trimEnd()).join('\n')}\n${indent} */\n`
}

function typeText(type: AnyType): string {
  const need = quoted(type.need)
  if (type.kind === 'parameter') return `ParameterType<${valueText(type)}, ${need}>`
  return `ArtifactType<${quoted(type.schemaTitle)}, ${need}, ${type.list}>`
}

function valueText(type: ParameterType): string {
  if (type.literals?.length)
    return type.literals
      .map((literal) => (typeof literal === 'string' ? quoted(literal) : JSON.stringify(literal)))
      .join(' | ')
  switch (type.parameterType) {
    case 'NUMBER_INTEGER':
    case 'NUMBER_DOUBLE':
      return 'number'
    case 'STRING':
      return 'string'
    case 'BOOLEAN':
      return 'boolean'
    case 'LIST':
      return 'readonly any[]'
    case 'TASK_FINAL_STATUS':
      return 'FinalStatus'
    default:
      return '{ readonly [key: string]: any }'
  }
}
