/** Which model to serve: a version or an alias of the registry, looked up again to follow the alias; a file, a folder, an object. */
import { readdir, readFile, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { InvalidInputError } from '../../api/issue.ts'
import { ModelRegistry } from '../../client/model-registry.ts'
import type { RegistryConnection } from '../../client/model-registry-types.ts'
import type { ArtifactStore } from '../../store/artifact-store.ts'
import { pickModelFile } from '../../store/model-files.ts'
import { usageIssue } from '../errors.ts'

export interface ModelContent {
  /** Such as `iris version 3`. */
  readonly label: string
  readonly fileName: string
  readonly content: Uint8Array
  /** Text of the file MLmodel beside it, if there is one. */
  readonly mlmodel?: string | undefined
}

export interface ModelSource {
  readonly name: string
  /** A text that changes when another model is to be served. */
  current(): Promise<string>
  load(current: string): Promise<ModelContent>
}

export interface SourceOptions extends RegistryConnection {
  /** What requests call a model that comes from a file. @default the file's name */
  readonly name?: string | undefined
  /** Its version, for metrics and answers. @default the place */
  readonly version?: string | undefined
}

/** Names of a folder and their bytes, wherever it lies. */
interface Folder {
  names(): Promise<string[]>
  read(name: string): Promise<Uint8Array>
}

/** `models:/NAME@ALIAS`, `models:/NAME/VERSION`, the path of a file or folder, or `s3://…`. */
export function modelSource(place: string, options: SourceOptions): ModelSource {
  const registered = /^models:\/([^/]+)(?:@([^/@]+)|\/(\d+))$/.exec(place)
  if (registered) return registrySource(new ModelRegistry(options), registered[1]!, registered[2], registered[3])
  if (place.startsWith('models:')) {
    throw new InvalidInputError([
      usageIssue('wrong-model', `"${place}" names no model`, 'write models:/NAME@ALIAS or models:/NAME/VERSION'),
    ])
  }
  const name = options.name ?? basename(place).replace(/\.\w+$/, '')
  const version = options.version
  return {
    name,
    current: async () => version ?? place,
    load: async () => {
      const { folder, fileName } = await (/^(s3|minio):\/\//.test(place) ? objectPlace(place) : localPlace(place))
      return await contentOf(folder, fileName, version === undefined ? place : `${name} version ${version}`)
    },
  }
}

async function localPlace(place: string): Promise<{ folder: Folder; fileName?: string }> {
  const isFolder = (await stat(place)).isDirectory()
  const path = isFolder ? place : dirname(place)
  const folder: Folder = { names: () => readdir(path), read: (name) => readFile(join(path, name)) }
  return isFolder ? { folder } : { folder, fileName: basename(place) }
}

/** Credentials, endpoint and region come from the environment, as in the pods of an operator. */
async function objectPlace(place: string): Promise<{ folder: Folder; fileName?: string }> {
  const { s3Store } = await import('../../store/s3-store.ts')
  const [endpoint, region] = [process.env['KFP_TS_S3_ENDPOINT'], process.env['KFP_TS_S3_REGION']]
  const store: ArtifactStore = s3Store({ ...(endpoint && { endpoint }), ...(region && { region }) })
  const isFile = (await store.find(place))?.kind === 'file'
  const uri = isFile ? dirname(place) : place.replace(/\/+$/, '')
  const folder: Folder = {
    names: async () => (await store.list(uri)).filter((name) => !name.includes('/')),
    read: async (name) => {
      const stream = await store.read(`${uri}/${name}`)
      if (!stream) throw new Error(`${uri}/${name} is not there`)
      return await buffer(stream)
    },
  }
  return isFile ? { folder, fileName: basename(place) } : { folder }
}

async function contentOf(folder: Folder, given: string | undefined, label: string): Promise<ModelContent> {
  const names = await folder.names()
  const fileName = given ?? pickModelFile(names)
  if (fileName === undefined) throw new Error(`${label} holds no model file (.json of kfp-ts, or .onnx)`)
  const mlmodel = names.includes('MLmodel') ? new TextDecoder().decode(await folder.read('MLmodel')) : undefined
  return { label, fileName, content: await folder.read(fileName), mlmodel }
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
      const label = `${name} version ${current}`
      const uri = await registry.downloadUri(name, current)
      const files = (await registry.listArtifacts(uri)).filter(({ is_dir }) => !is_dir)
      // A version may be one file: it lists nothing.
      if (files.length === 0) return { label, fileName: basename(uri), content: await registry.download(uri) }
      const folder: Folder = {
        names: async () => files.map(({ path }) => path),
        read: (file) => registry.download(`${uri}/${file}`),
      }
      return await contentOf(folder, undefined, label)
    },
  }
}
