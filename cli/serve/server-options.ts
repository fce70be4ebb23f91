/** Options of the commands that serve: `serve` and `operator`. */
import type { Argv } from 'yargs'
import type { ServeOptions } from '../../server/start.ts'

export interface ServerArgs {
  readonly 'allow-package-host': readonly string[]
  readonly 'requests-per-second': number | undefined
  readonly 'webhook-secrets': string | undefined
}

export const serverOptions = <T>(yargs: Argv<T>) =>
  yargs
    .option('allow-package-host', {
      type: 'string',
      array: true,
      default: [] as string[],
      describe: 'Host that pipelines may be loaded from by URL, repeatable',
    })
    .option('webhook-secrets', {
      type: 'string',
      describe: 'Folder with a file for each secret that signs calls of webhooks; [NAMESPACE/]NAME',
    })
    .option('requests-per-second', { type: 'number', describe: 'Most requests of one caller' })

export function limitsOf(args: ServerArgs): Pick<ServeOptions, 'packageHosts' | 'rateLimit' | 'webhookSecrets'> {
  const perSecond = args['requests-per-second']
  return {
    packageHosts: args['allow-package-host'],
    webhookSecrets: args['webhook-secrets'],
    rateLimit: perSecond === undefined ? undefined : { requestsPerSecond: perSecond, burst: perSecond * 5 },
  }
}
