/**
 * What a peer may ask of the fields of a request and its trailers
 * (RFC 9113 §8.2, §8.3, §8.5; RFC 8441 §4; RFC 7541 §7.1), judged on fields
 * that `field-blocks.ts` read. Knows nothing of the library.
 */
import type { ReadField } from './field-blocks.ts'

const NAME = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are the point
const BAD_VALUE = /[\0-\x08\x0a-\x1f\x7f]|^[ \t]|[ \t]$/
const CONNECTION_SPECIFIC = [
  'connection',
  'proxy-connection',
  'keep-alive',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
]
const PSEUDO = [':method', ':scheme', ':authority', ':path', ':protocol']

/** Octets of a field section as SETTINGS_MAX_HEADER_LIST_SIZE counts them (RFC 9113 §6.5.2). */
export function sectionSize(fields: readonly ReadField[]): number {
  return fields.reduce((size, { name, value }) => size + name.length + value.length + 32, 0)
}

/** The rule that the fields of a request break. */
export function requestFault(fields: readonly ReadField[], extendedConnect: boolean): string | undefined {
  const pseudo = fields.filter(({ name }) => name.startsWith(':'))
  if (fields.slice(0, pseudo.length).some(({ name }) => !name.startsWith(':'))) {
    return 'pseudo-header field behind a field'
  }
  const names = pseudo.map(({ name }) => name)
  if (new Set(names).size !== names.length) return 'pseudo-header field twice'
  if (names.some((name) => !PSEUDO.includes(name))) return 'unknown pseudo-header field'
  const value = (name: string) => fields.find((field) => field.name === name)?.value
  if (names.includes(':protocol') && !extendedConnect) return 'extended CONNECT that the peer did not allow'
  const tunnel = value(':method') === 'CONNECT' && !names.includes(':protocol')
  const needed = tunnel ? [':method', ':authority'] : [':method', ':scheme', ':authority', ':path']
  const given = names.filter((name) => name !== ':protocol').toSorted()
  if (given.join() !== needed.toSorted().join()) return `pseudo-header fields ${names.join()}`
  if (pseudo.some((field) => field.value === '' || /[\0-\x20\x7f]/.test(field.value))) {
    return 'pseudo-header field value'
  }
  if (value(':authority')?.includes('@')) return 'userinfo in :authority'
  if (!tunnel && !/^[/*]/.test(value(':path')!)) return ':path'
  const host = value('host')
  if (host !== undefined && host !== value(':authority')) return 'host differs from :authority'
  return regularFault(fields.slice(pseudo.length))
}

/** The rule that trailers break. */
export function trailersFault(fields: readonly ReadField[]): string | undefined {
  return regularFault(fields)
}

function regularFault(fields: readonly ReadField[]): string | undefined {
  for (const { name, value, representation } of fields) {
    if (!NAME.test(name)) return `field name ${JSON.stringify(name)}`
    if (BAD_VALUE.test(value)) return `value of ${name}`
    if (CONNECTION_SPECIFIC.includes(name)) return `connection-specific field ${name}`
    if (name === 'te' && value !== 'trailers') return 'te other than trailers'
    const secret =
      name === 'authorization' || name === 'proxy-authorization' || (name === 'cookie' && value.length < 20)
    if (secret && representation !== 'never indexed') return `${name} written as ${representation}`
  }
  return undefined
}
