/** Where an artifact's URI lies on the machine that runs the step (kfp-ir.md 3.2). Travels inside every TypeScript component. */

const MOUNTS: readonly (readonly [scheme: string, path: string])[] = [
  ['gs://', '/gcs/'],
  ['minio://', '/minio/'],
  ['s3://', '/s3/'],
]

/** Local path of a URI; what is no known scheme is a path itself. */
export function localPath(uri: string, metadata: Readonly<Record<string, unknown>>): string {
  for (const [scheme, path] of MOUNTS) {
    if (!uri.startsWith(scheme)) continue
    const key = uri.slice(scheme.length).replace(/\?.*$/, '')
    return metadata['_kfp_workspace'] === true ? `/kfp-workspace/.artifacts/${path.slice(1)}${key}` : path + key
  }
  if (uri.startsWith('oci://')) return `/oci/${uri.slice('oci://'.length).replaceAll('/', '_')}/models`
  return uri.startsWith('file://') ? decodeURIComponent(uri.slice('file://'.length)) : uri
}
