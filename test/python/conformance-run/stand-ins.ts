/** Environment variables that put the stand-ins of a case before the host's programs. */
import { mkdir, symlink } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import type { StandIn } from '../../conformance/expectation.ts'

const standInFolder = join(import.meta.dirname, 'stand-ins')

/** @param folder a folder of this run alone, for what is made on the way */
export async function standInVariables(
  names: readonly StandIn[],
  folder: string,
  path: string,
): Promise<Record<string, string>> {
  const variables: Record<string, string> = { PATH: path }
  for (const name of names) {
    let place = join(standInFolder, name)
    if (name === 'bash-as-sh') {
      place = join(folder, 'bin')
      await mkdir(place)
      await symlink('/bin/bash', join(place, 'sh'))
    }
    variables['PATH'] = `${place}${delimiter}${variables['PATH']}`
    if (name === 'fast-clock') variables['PYTHONPATH'] = place
  }
  return variables
}
