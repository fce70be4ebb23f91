/** Replaces deprecated forms of a message by the ones in use, so that everything after parsing knows one form only. */

type Fields = Record<string, unknown>

/** Changes the freshly read message in place. */
export function modernise(message: string, fields: Fields): void {
  RULES[message]?.(fields)
}

const TYPES: Readonly<Record<string, string>> = { INT: 'NUMBER_INTEGER', DOUBLE: 'NUMBER_DOUBLE', STRING: 'STRING' }

function parameterType(fields: Fields): void {
  if (fields['parameterType'] === 'PARAMETER_TYPE_ENUM_UNSPECIFIED') delete fields['parameterType']
  const old = fields['type']
  delete fields['type']
  if (typeof old === 'string' && fields['parameterType'] === undefined && TYPES[old])
    fields['parameterType'] = TYPES[old]
}

function constant(fields: Fields): void {
  const old = fields['constantValue'] as Fields | undefined
  if (old === undefined) return
  delete fields['constantValue']
  // Protobuf leaves out zero values; an empty message is therefore the number that an unset oneof cannot tell: null.
  if (fields['constant'] === undefined) {
    fields['constant'] = old['intValue'] ?? old['doubleValue'] ?? old['stringValue'] ?? null
  }
}

/** `secretName: x` means the same as `secretNameParameter: {runtimeValue: {constant: x}}`; kfp writes both. */
function nameParameter(plain: string, parameter: string): (fields: Fields) => void {
  return (fields) => {
    const old = fields[plain]
    if (typeof old === 'string' && old !== '' && fields[parameter] === undefined) {
      fields[parameter] = { runtimeValue: { constant: old } }
    }
  }
}

function pvcName(fields: Fields): void {
  if (fields['pvcNameParameter'] !== undefined) return
  if (fields['taskOutputParameter'] !== undefined) {
    fields['pvcNameParameter'] = { taskOutputParameter: fields['taskOutputParameter'] }
  } else if (fields['componentInputParameter'] !== undefined) {
    fields['pvcNameParameter'] = { componentInputParameter: fields['componentInputParameter'] }
  } else if (fields['constant'] !== undefined) {
    fields['pvcNameParameter'] = { runtimeValue: { constant: fields['constant'] } }
  }
}

const secretName = nameParameter('secretName', 'secretNameParameter')
const configMapName = nameParameter('configMapName', 'configMapNameParameter')

const RULES: Readonly<Record<string, (fields: Fields) => void>> = {
  ParameterInputSpec: parameterType,
  ParameterOutputSpec: parameterType,
  ValueOrRuntimeParameter: constant,
  SecretAsVolume: secretName,
  SecretAsEnv: secretName,
  ConfigMapAsVolume: configMapName,
  ConfigMapAsEnv: configMapName,
  ImagePullSecret: secretName,
  PvcMount: pvcName,
}
