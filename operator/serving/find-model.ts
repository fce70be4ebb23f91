/** From a ModelDeployment to the version it asks for and the file that is served: the registry's word, then a look at the store. */
import { readdir, stat } from 'node:fs/promises'
import { basename, dirname, join, relative } from 'node:path'
import type { ServingReason } from '../../api/model-deployment.ts'
import type { ArtifactStore } from '../../store/artifact-store.ts'
import type { Db, Metadata } from '../../store/metadata/database.ts'
import { MetadataError } from '../../store/metadata/errors.ts'
import { namespaceOfPlace } from '../../store/metadata/place-owner.ts'
import { findServable, lastRegistryChange } from '../../store/metadata/servable.ts'
import { pickModelFile } from '../../store/model-files.ts'
import type { ModelPlace } from './build-serving.ts'
import type { ModelDeployment } from './model-objects.ts'

export type FoundModel =
  | { readonly version: string; readonly place: ModelPlace }
  | { readonly version?: string; readonly reason: ServingReason; readonly message: string }

/** What the controller asks about models. */
export interface ModelFinder {
  find(deployment: ModelDeployment): Promise<FoundModel>
  /** A number that changes when any alias or version does. */
  lastChange(): Promise<number>
}

/** The files of one kind of store. */
export interface ModelFiles {
  /** The file to serve at a URI of the registry; undefined when none is there. Rejects with MetadataError for foreign places. */
  locate(uri: string): Promise<ModelPlace | undefined>
}

/** Folder of the store in which the server keeps the files of its clients (`mlflow-artifacts:`), unless it is told otherwise. */
const CLIENT_FILES = 'mlflow'

/** @param separateNamespaces whether each namespace has a registry of its own; otherwise there is one for all */
export function modelFinder({ db }: Pick<Metadata, 'db'>, files: ModelFiles, separateNamespaces: boolean): ModelFinder {
  return {
    lastChange: () => lastRegistryChange(db),
    async find({ metadata, spec }) {
      let version: string | undefined
      try {
        const namespace = separateNamespaces ? (metadata.namespace ?? '') : ''
        const servable = await findServable(db, namespace, spec)
        version = String(servable.version)
        if (separateNamespaces) await refuseForeign(db, servable.uri, namespace)
        const place = await files.locate(servable.uri)
        if (place) return { version, place }
        const message = `version ${version} of ${spec.model} holds no .onnx file and no .json file of kfp-ts at ${servable.uri}`
        return { version, reason: 'NotServable', message }
      } catch (error) {
        if (!(error instanceof MetadataError)) throw error
        const reason = version === undefined ? 'ModelNotFound' : 'NotServable'
        return { ...(version !== undefined && { version }), reason, message: error.message }
      }
    },
  }
}

/** The server checks whose `mlflow-artifacts:` a version takes; of other URIs it can't tell that they lead into the store. */
async function refuseForeign(db: Db, uri: string, namespace: string): Promise<void> {
  if (isTracked(uri) || (await namespaceOfPlace(db, uri)) === namespace) return
  throw new MetadataError(
    'invalid',
    `its files at ${uri} do not lie in the store below a run of namespace ${namespace}`,
  )
}

/** A volume that operator and pods share: `folder` is where this process sees it. */
export function modelFilesOnVolume(folder: string, clientFiles = join(folder, CLIENT_FILES)): ModelFiles {
  return {
    async locate(uri) {
      const here = join(clientFiles, trackedPath(uri))
      const subPath = relative(folder, here)
      if (subPath.startsWith('..') || subPath.startsWith('/')) throw elsewhere(uri)
      const found = await stat(here).catch(() => undefined)
      if (!found) return undefined
      if (found.isFile()) return { subPath: dirname(subPath), fileName: basename(subPath) }
      const fileName = pickModelFile(await readdir(here))
      return fileName === undefined ? undefined : { subPath, fileName }
    },
  }
}

/** An object store. Nothing outside of its root is served: pods read it with the store's own credentials. */
export function modelFilesInStore(store: ArtifactStore, root: string, clientFiles?: string): ModelFiles {
  const below = root.replace(/\/+$/, '')
  const files = (clientFiles ?? `${below}/${CLIENT_FILES}`).replace(/\/+$/, '')
  return {
    async locate(uri) {
      if (!/^s3:/.test(files)) throw elsewhere(uri)
      const place = uri.startsWith(`${below}/`) ? uri : `${files}/${trackedPath(uri)}`
      const names = await store.list(place)
      if (names.length === 1 && names[0] === '') return { uri: place }
      const fileName = pickModelFile(names.filter((name) => !name.includes('/')))
      return fileName === undefined ? undefined : { uri: `${place}/${fileName}` }
    },
  }
}

const elsewhere = (uri: string) =>
  new MetadataError('invalid', `its files at ${uri} do not lie in the store of this installation`)

const TRACKED = /^mlflow-artifacts:(?:\/\/[^/]*)?\/(.+)$/

const isTracked = (uri: string): boolean => TRACKED.test(uri)

function trackedPath(uri: string): string {
  const path = TRACKED.exec(uri)?.[1]
  if (path && !path.split('/').includes('..')) return path.replace(/\/+$/, '')
  throw elsewhere(uri)
}
