/** Where a server keeps the files of its clients, by the text of `--artifacts`. */
import { resolve } from 'node:path'
import { InvalidInputError } from '../../api/issue.ts'
import { ArtifactDirectory, type ArtifactFiles } from '../../server/artifact-files.ts'
import { usageIssue } from '../errors.ts'

/** A directory, or `s3://BUCKET/PREFIX`. Throws InvalidInputError for any other kind of place. */
export async function artifactPlace(
  place: string,
  s3: { readonly endpoint?: string | undefined; readonly region?: string | undefined },
): Promise<ArtifactFiles> {
  if (!/^[a-z0-9+.-]+:\/\//i.test(place)) return new ArtifactDirectory(resolve(place))
  if (!/^s3:\/\/[^/]+/.test(place)) {
    const hint = 'give a directory or s3://BUCKET/PREFIX'
    throw new InvalidInputError([usageIssue('wrong-artifacts', `"${place}" is no place for artifacts`, hint)])
  }
  // Large, and of no use to a server on a directory.
  const [{ s3Bucket }, { ArtifactBucket }] = await Promise.all([
    import('../../store/s3-bucket.ts'),
    import('../../server/artifact-bucket.ts'),
  ])
  const { endpoint, region } = s3
  return new ArtifactBucket(s3Bucket(place, { ...(endpoint && { endpoint }), ...(region && { region }) }))
}
