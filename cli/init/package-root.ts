/** Finds the folder of the running kfp-ts: a checkout, or a package in some node_modules. */
import { access } from 'node:fs/promises'
import { dirname, join } from 'node:path'

/** Folder that holds our package.json, whether this file runs from the sources or from dist/. */
export async function packageRoot(): Promise<string> {
  for (let folder = import.meta.dirname; ; folder = dirname(folder)) {
    const found = await access(join(folder, 'package.json')).then(
      () => true,
      () => false,
    )
    if (found) return folder
    if (folder === dirname(folder)) throw new Error(`no package.json is above ${import.meta.dirname}`)
  }
}
