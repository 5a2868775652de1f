/**
 * Subresource Integrity (SRI §3.3): whether content is what its reader
 * expects. Its one rule: only the strongest algorithm that is named counts, and
 * metadata that names none we know matches anything.
 */

/** From weak to strong, as the metadata and as WebCrypto calls them. */
const ALGORITHMS: readonly (readonly [name: string, digest: string])[] = [
  ['sha256', 'SHA-256'],
  ['sha384', 'SHA-384'],
  ['sha512', 'SHA-512'],
]
/** Algorithm, digest in either alphabet of base64, options nobody has defined. */
const EXPRESSION = /^(sha256|sha384|sha512)-([A-Za-z0-9+/_-]+={0,2})(?:\?.*)?$/i

/** What content has to be: one of `digests`, as base64 without padding, of the algorithm `digest`. */
interface Expectation {
  readonly digest: string
  readonly digests: readonly string[]
}

/** True if the content is what `metadata`, as in `init.integrity`, expects. */
export async function matchesIntegrity(content: Uint8Array, metadata: string): Promise<boolean> {
  const expected = strongest(metadata)
  if (expected === undefined) return true
  const digest = await crypto.subtle.digest(expected.digest, content as Uint8Array<ArrayBuffer>)
  return expected.digests.includes(base64(new Uint8Array(digest)))
}

function strongest(metadata: string): Expectation | undefined {
  let rank = -1
  let digests: string[] = []
  for (const word of metadata.split(/[\t\n\f\r ]+/)) {
    const match = EXPRESSION.exec(word)
    if (match === null) continue
    const algorithm = match[1]!.toLowerCase()
    const found = ALGORITHMS.findIndex(([name]) => name === algorithm)
    if (found > rank) {
      rank = found
      digests = []
    }
    if (found === rank) digests.push(withoutPadding(match[2]!.replaceAll('-', '+').replaceAll('_', '/')))
  }
  return rank === -1 ? undefined : { digest: ALGORITHMS[rank]![1], digests }
}

function base64(octets: Uint8Array): string {
  return withoutPadding(btoa(String.fromCharCode(...octets)))
}

function withoutPadding(text: string): string {
  return text.replace(/=+$/, '')
}
