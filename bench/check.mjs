/** Whether a response is the right one. A run with a wrong response is no measurement: it fails. */
import { createHash } from 'node:crypto'

/** Throws unless the condition holds. */
export function check(condition, text) {
  if (!condition) throw new Error(`wrong response: ${text}`)
}

/** Checks status, length and, if given, the SHA-256 in hexadecimal. */
export function checkBody({ status, body }, length, hash) {
  check(status === 200, `status ${status} in place of 200`)
  check(body.length === length, `${body.length} bytes in place of ${length}`)
  if (hash !== undefined) {
    const actual = createHash('sha256').update(body).digest('hex')
    check(actual === hash, `content with hash ${actual} in place of ${hash}`)
  }
}
