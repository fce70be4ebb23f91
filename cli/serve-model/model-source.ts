/** Which model to serve: a version or an alias of the registry, looked up again to follow the alias; or a file. */
import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { InvalidInputError } from '../../api/issue.ts'
import { ModelRegistry, type RegistryConnection } from '../../client/model-registry.ts'
import { usageIssue } from '../errors.ts'

export interface ModelContent {
  /** Such as `iris version 3`. */
  readonly label: string
  readonly fileName: string
  readonly content: Uint8Array
}

export interface ModelSource {
  readonly name: string
  /** A text that changes when another model is to be served. */
  current(): Promise<string>
  load(current: string): Promise<ModelContent>
}

/** `models:/NAME@ALIAS`, `models:/NAME/VERSION`, or the path of a model file. */
export function modelSource(place: string, connection: RegistryConnection): ModelSource {
  const registered = /^models:\/([^/@]+)(?:@([\w-]+)|\/(\d+))$/.exec(place)
  if (registered) return registrySource(new ModelRegistry(connection), registered[1]!, registered[2], registered[3])
  if (place.startsWith('models:')) {
    throw new InvalidInputError([
      usageIssue('wrong-model', `"${place}" names no model`, 'write models:/NAME@ALIAS or models:/NAME/VERSION'),
    ])
  }
  return {
    name: basename(place).replace(/\.\w+$/, ''),
    current: async () => place,
    load: async () => ({ label: place, fileName: basename(place), content: await readFile(place) }),
  }
}

function registrySource(
  registry: ModelRegistry,
  name: string,
  alias: string | undefined,
  version: string | undefined,
): ModelSource {
  return {
    name,
    current: async () => version ?? (await registry.versionByAlias(name, alias!)).version,
    load: async (current) => {
      const uri = await registry.downloadUri(name, current)
      const files = await registry.listArtifacts(uri)
      const file = files.find(({ path, is_dir }) => !is_dir && /\.(onnx|json)$/.test(path))
      if (files.length > 0 && !file) {
        throw new Error(`${name} version ${current} holds no model file (.json of kfp-ts, or .onnx)`)
      }
      const whole = file ? `${uri}/${file.path}` : uri
      return {
        label: `${name} version ${current}`,
        fileName: basename(whole),
        content: await registry.download(whole),
      }
    },
  }
}
