/**
 * Whom a process in the cluster may ask on behalf of pipelines. It stands where its users may not: behind network policies, beside
 * metadata services. So nobody is asked who is not named.
 */
import { lookup as resolveName } from 'node:dns'
import { BlockList, type LookupFunction } from 'node:net'
import type { HttpRules } from './look-http.ts'

/** Never reached through a pattern: this very process, and the metadata services of clouds. */
const PRIVATE = new BlockList()
PRIVATE.addSubnet('127.0.0.0', 8, 'ipv4')
PRIVATE.addSubnet('169.254.0.0', 16, 'ipv4')
PRIVATE.addSubnet('0.0.0.0', 8, 'ipv4')
PRIVATE.addAddress('::1', 'ipv6')
PRIVATE.addAddress('::', 'ipv6')
PRIVATE.addSubnet('fe80::', 10, 'ipv6')

/**
 * @param allowed `host`, `host:port`, `*.suffix` or `*`. What a pattern with a star covers may not resolve to this machine or
 *   a link-local address; a name that is written out may.
 */
export function allowedHosts(allowed: readonly string[]): HttpRules {
  const rules = allowed.map(parseRule)
  const matching = (url: URL): Rule | undefined => rules.find((rule) => matches(rule, url))
  return {
    refusal: (url) =>
      matching(url)
        ? undefined
        : `${url.host} may not be asked from here: start with --wait-allow-host ${url.hostname}`,
    lookupFor: (url) => (matching(url)?.isPattern ? guardedLookup : undefined),
    addressRefusal: (url, address) => (matching(url)?.isPattern && isPrivate(address) ? refusalOf(address) : undefined),
  }
}

interface Rule {
  readonly host: string
  readonly port: string | undefined
  readonly isPattern: boolean
}

function parseRule(text: string): Rule {
  const [, host = text, port] = /^(.*?)(?::(\d+))?$/.exec(text.toLowerCase()) ?? []
  return { host, port, isPattern: host.startsWith('*') }
}

/** @returns what is wrong with the text of a rule */
export function ruleProblem(text: string): string | undefined {
  const { host } = parseRule(text)
  if (/^(\*|(\*\.)?[a-z0-9_-]+(\.[a-z0-9_-]+)*|\[[0-9a-f:]+\])$/.test(host)) return undefined
  return `"${text}" is no host`
}

function matches({ host, port }: Rule, url: URL): boolean {
  const ports: Readonly<Record<string, string>> = { 'http:': '80', 'https:': '443' }
  if (port !== undefined && port !== (url.port || ports[url.protocol])) return false
  const name = url.hostname.toLowerCase()
  return host === '*' || host === name || (host.startsWith('*.') && name.endsWith(host.slice(1)))
}

function isPrivate(address: string): boolean {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1]
  if (mapped !== undefined) return PRIVATE.check(mapped, 'ipv4')
  return PRIVATE.check(address, address.includes(':') ? 'ipv6' : 'ipv4')
}

const refusalOf = (address: string): string =>
  `${address} is this machine or a link-local address: allow its host by name, not by a pattern`

/** Looks at the addresses that are connected to, so that a name can't change its address in between. */
const guardedLookup: LookupFunction = (hostname, options, callback) => {
  resolveName(hostname, options, (error, address, family) => {
    const found = Array.isArray(address) ? address.map((one) => one.address) : [address]
    const refused = error ? undefined : found.find(isPrivate)
    if (refused === undefined) callback(error, address as string, family)
    else callback(new Error(`${hostname} resolves to ${refusalOf(refused)}`), address as string, family)
  })
}
