/** From an `mlflow-artifacts:` URI to the path in our store. Pure. */
import { invalid } from '../../store/metadata/errors.ts'
import { checkArtifactPath } from '../artifact-files.ts'

const HELD = /^mlflow-artifacts:(?:\/\/[^/]*)?\/(.*)$/

/** Whether the server keeps the files itself; others are written by their clients. */
export const isHeld = (uri: string): boolean => HELD.test(uri)

/** The store's path of `below` in the folder of `uri`. Throws `invalid` for places that this server does not hold. */
export function artifactPathOf(uri: string, below = ''): string {
  const held = HELD.exec(uri)
  if (!held) throw invalid(`The artifacts at '${uri}' are not held by this server: list them with their own client`)
  if (below !== '') checkArtifactPath(below)
  const path = below ? `${held[1]}/${below.replace(/\/$/, '')}` : held[1]!
  return checkArtifactPath(path)
}
