/**
 * IP addresses as numbers, and the networks that they are in (RFC 4632 §3.1,
 * RFC 4291 §2.3). Its one rule: an IPv4 address is one, however it is written
 * within IPv6.
 */

/** Four or sixteen octets. */
export type Address = readonly number[]

const IPV4 = /^\d{1,3}(?:\.\d{1,3}){3}$/
/** `::ffff:0:0/96`: IPv4 within IPv6 (RFC 4291 §2.5.5.2). */
const MAPPED = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff]

/** The address that the text is, undefined for a name. IPv6 without brackets. */
export function parseAddress(text: string): Address | undefined {
  if (IPV4.test(text)) return parseIpv4(text)
  if (!text.includes(':')) return undefined
  const groups = ipv6Groups(text)
  const octets = groups?.flatMap((group) => [group >>> 8, group & 0xff])
  const mapped = octets !== undefined && MAPPED.every((octet, index) => octets[index] === octet)
  return mapped ? octets.slice(MAPPED.length) : octets
}

function parseIpv4(text: string): Address | undefined {
  const parts = text.split('.')
  // A leading zero is octal to some readers, and nothing to others.
  if (parts.some((part) => Number(part) > 255 || (part.length > 1 && part.startsWith('0')))) return undefined
  return parts.map(Number)
}

/** The eight numbers of an IPv6 address. The platform's URL knows all the ways to write one, and writes it in one. */
function ipv6Groups(text: string): number[] | undefined {
  let canonical: string
  try {
    canonical = new URL(`http://[${text}]/`).hostname.slice(1, -1)
  } catch {
    return undefined
  }
  const [before = '', after] = canonical.split('::')
  const head = hexNumbers(before)
  const tail = after === undefined ? [] : hexNumbers(after)
  return [...head, ...new Array<number>(8 - head.length - tail.length).fill(0), ...tail]
}

function hexNumbers(text: string): number[] {
  return text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16))
}

/** True if an address agrees with another in its first bits; in all of them, where no number is given. */
export function isWithin(address: Address, network: Address, bits = network.length * 8): boolean {
  if (address.length !== network.length || bits > network.length * 8) return false
  for (let at = 0; at < bits; at++) {
    const shift = 7 - (at % 8)
    if (((address[at >>> 3]! ^ network[at >>> 3]!) >>> shift) & 1) return false
  }
  return true
}
