/** Shared secrets that sign calls of webhooks: one file each, as a mounted Secret gives them. Before: native/webhooks.ts. */
import { createHmac, timingSafeEqual } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isMissing } from '../store/digest.ts'

/** The secret of a name, or undefined when there is none. */
export type WebhookSecrets = (namespace: string, name: string) => Promise<string | undefined>

export const noWebhookSecrets: WebhookSecrets = async () => undefined

/** Files `NAMESPACE/NAME` below the folder, or `NAME` where there is only one workspace. Read at each call: they may be rotated. */
export function webhookSecretsIn(folder: string): WebhookSecrets {
  return async (namespace, name) => {
    if (![namespace, name].every((part) => part === '' || /^[A-Za-z0-9]([-A-Za-z0-9._]*[A-Za-z0-9])?$/.test(part)))
      return undefined
    try {
      return (await readFile(join(folder, namespace, name), 'utf8')).replace(/\r?\n$/, '') || undefined
    } catch (error) {
      if (isMissing(error) || (error as NodeJS.ErrnoException).code === 'EISDIR') return undefined
      throw error
    }
  }
}

/** Whether the text is `sha256=HEX` of the body by the secret, as GitHub and many others sign. */
export function isSignedBy(secret: string, body: Uint8Array, signature: string): boolean {
  const given = /^sha256=([0-9a-f]{64})$/i.exec(signature)?.[1]
  if (!given) return false
  const wanted = createHmac('sha256', secret).update(body).digest()
  return timingSafeEqual(wanted, Buffer.from(given, 'hex'))
}
