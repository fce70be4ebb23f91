/** The port to the bytes of artifacts over a bucket: what a directory does, for `s3://BUCKET/PREFIX`. Before: MLflow proxy. */
import type { Readable } from 'node:stream'
import { invalid } from '../store/metadata/errors.ts'
import type { S3Bucket } from '../store/s3-bucket.ts'
import { type ArtifactEntry, type ArtifactFiles, type ByteRange, checkArtifactPath } from './artifact-files.ts'

export class ArtifactBucket implements ArtifactFiles {
  readonly #bucket: S3Bucket

  constructor(bucket: S3Bucket) {
    this.#bucket = bucket
  }

  async write(path: string, content: Readable): Promise<void> {
    if (checkArtifactPath(path) === '') throw invalid('Invalid path: the root of all artifacts is no file')
    await this.#bucket.write(path, content)
  }

  async read(path: string, range?: ByteRange) {
    return checkArtifactPath(path) === '' ? undefined : await this.#bucket.read(path, range)
  }

  async list(path: string): Promise<ArtifactEntry[]> {
    const { files, folders } = await this.#bucket.list(checkArtifactPath(path).replace(/\/$/, ''))
    const entries: ArtifactEntry[] = [
      ...folders.map((name) => ({ name, isDirectory: true })),
      ...files.map(({ name, size }) => ({ name, isDirectory: false, size })),
    ]
    return entries.sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  async remove(path: string): Promise<void> {
    const key = checkArtifactPath(path).replace(/\/$/, '')
    if (key === '') throw invalid('Invalid path: the root of all artifacts is not removed')
    await this.#bucket.remove(key)
  }
}
