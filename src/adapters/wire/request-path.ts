/**
 * The path of a request as its caller wrote it (RFC 9113 §8.3.1). Its one rule:
 * it is sent octet by octet and says nothing of the host; what is no octet of a
 * path is escaped (RFC 3986 §2.1), and nothing else is touched.
 */

/** Octets that HTTP/1.1 libraries send as they stand, and no `:path` may have. */
const BEYOND_ASCII = /[\u0080-\u00ff]+/g

/** The path with octets beyond ASCII escaped as a URL has them. */
export function sendablePath(path: string): string {
  return path.replace(BEYOND_ASCII, encodeURIComponent)
}
