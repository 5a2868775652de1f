/**
 * The fields that callers of HTTP/1.1 libraries write and HTTP/2 has no place
 * for (RFC 9113 §8.2.2). Its one rule: they speak of a connection, which is
 * nobody's own here, and are left out.
 */

const OF_CONNECTIONS: ReadonlySet<string> = new Set([
  'connection',
  'http2-settings',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
])

/** True for a name, in lower case, of which a request says nothing over HTTP/2. */
export function isOfConnection(name: string): boolean {
  return OF_CONNECTIONS.has(name)
}
