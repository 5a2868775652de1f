/**
 * Subresource Integrity (SRI §3.3): whether content is what its reader
 * expects. Its one rule: only the strongest algorithm that is named counts, and
 * metadata that names one is never taken for metadata that names none: a digest
 * that cannot be one matches nothing.
 */

/** From weak to strong, as the metadata and as WebCrypto calls them. */
const ALGORITHMS: readonly (readonly [name: string, digest: string])[] = [
  ['sha256', 'SHA-256'],
  ['sha384', 'SHA-384'],
  ['sha512', 'SHA-512'],
]

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

/** SRI §3.3.2, §3.3.3. Undefined if no algorithm that we know is named. */
function strongest(metadata: string): Expectation | undefined {
  let rank = -1
  let digests: string[] = []
  for (const word of metadata.split(/[\t\n\f\r ]+/)) {
    // Behind a question mark stand options that nobody has defined.
    const [expression = ''] = word.split('?', 1)
    const dash = expression.indexOf('-')
    const algorithm = (dash === -1 ? expression : expression.slice(0, dash)).toLowerCase()
    const found = ALGORITHMS.findIndex(([name]) => name === algorithm)
    if (found === -1) continue
    if (found > rank) {
      rank = found
      digests = []
    }
    if (found === rank) digests.push(dash === -1 ? '' : canonical(expression.slice(dash + 1)))
  }
  return rank === -1 ? undefined : { digest: ALGORITHMS[rank]![1], digests }
}

/** A digest in either alphabet of base64, in one form. */
function canonical(digest: string): string {
  return withoutPadding(digest.replaceAll('-', '+').replaceAll('_', '/'))
}

function base64(octets: Uint8Array): string {
  return withoutPadding(btoa(String.fromCharCode(...octets)))
}

/** Two characters at most (RFC 4648 §4): what has more is no digest, and stays so. */
function withoutPadding(text: string): string {
  return text.replace(/={1,2}$/, '')
}
