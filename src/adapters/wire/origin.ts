/**
 * From a host and a port that a library gives apart to the origin that a client
 * takes. Its one rule: what a parser of URLs would read as anything but the
 * host is no host, so that nobody is sent to another than they named.
 */

/** Numbers, with their prefixes, that stand for an IPv4 address; systems read them as URLs do. */
const NUMERIC = /^(?:\d+|0x[\da-f]*)(?:\.(?:\d+|0x[\da-f]*))*\.?$/i
/** An IPv6 address in brackets, in whichever of its forms. */
const ADDRESS = /^\[[\da-f:.]+\]$/i

/** Scheme and authority as a URL has them; undefined if the host is none. `protocol` ends in a colon. */
export function originFrom(
  protocol: string,
  hostname: string,
  port: number | string | undefined,
): string | undefined {
  const host = bracketed(hostname)
  let url: URL
  try {
    url = new URL(`${protocol}//${host}${port === undefined ? '' : `:${port}`}/`)
  } catch {
    return undefined
  }
  const whole = `${url.protocol}//${url.host}/` === url.href
  return whole && isSame(host, url.hostname) ? url.origin : undefined
}

/** An IPv6 address as an authority has it. */
export function bracketed(hostname: string): string {
  return hostname.includes(':') && !hostname.startsWith('[') ? `[${hostname}]` : hostname
}

/** Whether a parser of URLs has read of `host` all that is there, and as it stands. */
function isSame(host: string, read: string): boolean {
  if (host.toLowerCase() === read) return true
  if (ADDRESS.test(host) || NUMERIC.test(host)) return true
  // Names of other scripts have a form of their own in DNS; one that is part ASCII may hide no delimiter there.
  return !isAscii(host) && !/[\0-,/:-@[-^`{-\x7f]/.test(host)
}

export function isAscii(text: string): boolean {
  return /^[\0-\x7f]*$/.test(text)
}
