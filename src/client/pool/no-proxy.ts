/**
 * Which hosts `no_proxy` excepts. There is no standard: what curl excepts or Go
 * is excepted here too, but for Go's exception of the machine itself. Its one
 * rule: an entry that cannot be understood excepts nothing.
 */
import { type Address, isWithin, parseAddress } from './ip-address.ts'

/** The host of a URL, in the forms in which entries are compared with it. */
interface Host {
  /** Without brackets and without the dot at the end. */
  readonly name: string
  readonly port: string
  /** Undefined for a name. */
  readonly address: Address | undefined
}

/** True if `noProxy`, a list with commas or blanks, names the host, a domain or a network that it is in, or `*`. */
export function isExcepted(url: URL, noProxy: string): boolean {
  const name = withoutDot(bare(url.hostname))
  const port = url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port
  const host = { name, port, address: parseAddress(name) }
  return noProxy
    .toLowerCase()
    .split(/[\s,]/)
    .some((entry) => excepts(entry, host))
}

function excepts(entry: string, host: Host): boolean {
  if (entry === '*') return true
  const slash = entry.indexOf('/')
  if (slash !== -1) return isInNetwork(host, entry.slice(0, slash), entry.slice(slash + 1))
  const [name, port] = splitPort(entry)
  if (port !== '' && port !== host.port) return false
  const address = parseAddress(bare(name))
  if (address !== undefined) return host.address !== undefined && isWithin(host.address, address)
  const domain = withoutDot(name.replace(/^\*?\./, ''))
  if (domain === '' || host.address !== undefined) return false
  return (host.name === domain && !name.startsWith('*')) || host.name.endsWith(`.${domain}`)
}

function isInNetwork({ address }: Host, network: string, bits: string): boolean {
  const first = parseAddress(bare(network))
  if (address === undefined || first === undefined || !/^\d{1,3}$/.test(bits)) return false
  return isWithin(address, first, Number(bits))
}

/** The port behind a name or an address in brackets, empty for none; an address without brackets has none. */
function splitPort(entry: string): [name: string, port: string] {
  const colon = entry.lastIndexOf(':')
  const name = entry.slice(0, colon)
  if (colon === -1 || (name.includes(':') && !name.endsWith(']'))) return [entry, '']
  return [name, entry.slice(colon + 1)]
}

function bare(name: string): string {
  return name.startsWith('[') && name.endsWith(']') ? name.slice(1, -1) : name
}

/** The dot at the end says that a name is complete, and changes nothing else. */
function withoutDot(name: string): string {
  return name.endsWith('.') ? name.slice(0, -1) : name
}
