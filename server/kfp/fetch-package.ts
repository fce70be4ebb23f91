/** Loads a pipeline package from a URL that its user names. Off unless hosts are allowed: a server must not be led to its neighbours. */
import { invalid } from '../../store/metadata/errors.ts'
import { MAX_PACKAGE_BYTES } from './unpack.ts'

const TIMEOUT_MILLIS = 15_000

/**
 * Fetches from an allowed host; redirects are not followed, they could lead anywhere.
 * @param allowedHosts names with or without a port, compared exactly
 */
export async function fetchPackage(url: string, allowedHosts: readonly string[]): Promise<Buffer> {
  const target = URL.canParse(url) ? new URL(url) : undefined
  if (!target || !['http:', 'https:'].includes(target.protocol) || target.username || target.password) {
    throw invalid('package_url.pipeline_url must be an http or https URL without a user')
  }
  if (!allowedHosts.includes(target.host)) {
    throw invalid(
      `Pipelines are not loaded from ${target.host}: upload the file, or allow the host when the server starts`,
    )
  }
  let response: Response
  try {
    response = await fetch(target, { redirect: 'error', signal: AbortSignal.timeout(TIMEOUT_MILLIS) })
  } catch {
    throw invalid(`${target.host} did not answer with the package`)
  }
  if (!response.ok || !response.body) throw invalid(`${target.host} answered ${response.status}`)
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body) {
    size += chunk.length
    if (size > MAX_PACKAGE_BYTES) throw invalid('The package at the URL is too large')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
