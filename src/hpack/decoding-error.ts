/** The error for a field block that breaks RFC 7541. */

/**
 * A field block could not be decoded; the message says what was found and
 * which rule it breaks. The decoder is out of step with its peer from then on,
 * and in HTTP/2 the connection must end (RFC 9113 §4.3).
 *
 * @example
 * try {
 *   new Decoder().decode(Uint8Array.of(0x80))
 * } catch (error) {
 *   console.log((error as HPACKDecodingError).message) // index 0 (RFC 7541 §6.1)
 * }
 */
export class HPACKDecodingError extends Error {
  override readonly name = 'HPACKDecodingError'
}
