/** Golden pipelines that have a file each: `root/NAME.ts` for NAME.yaml, `others/FOLDER--NAME.ts` for FOLDER/NAME.yaml. */
import { readdirSync } from 'node:fs'
import { resolve } from 'node:path'
import type { AnyComponent } from '../../compiler/pipeline-around.ts'
import type { AnyPipeline } from '../../dsl/index.ts'

/** Pipelines by the path of their golden. */
export async function goldensInFolders(): Promise<Readonly<Record<string, AnyPipeline | AnyComponent>>> {
  const entries = ['root', 'others'].flatMap((folder) =>
    readdirSync(resolve(import.meta.dirname, folder)).map(async (file) => {
      const { default: pipeline } = (await import(`./${folder}/${file.replace(/\.ts$/, '')}.ts`)) as {
        default: AnyPipeline
      }
      return [`${file.replace('--', '/').replace(/\.ts$/, '')}.yaml`, pipeline] as const
    }),
  )
  return Object.fromEntries(await Promise.all(entries))
}
