/**
 * `expect: 100-continue`, content that waits for the server's word (RFC 9110 §10.1.1).
 * Pure. Its one rule: no server has to answer, so the wait is short.
 */
import type { FieldList } from '../../protocol/index.ts'

/** Milliseconds after which the content is sent without a word: a server that means to answer has done so by then. */
export const EXPECTATION_MS = 1_000

/** True if the request asks the server to speak first. */
export function expectsContinue(fields: FieldList): boolean {
  for (let i = 0; i < fields.length; i += 2) {
    if (fields[i] === 'expect' && fields[i + 1]!.toLowerCase() === '100-continue') return true
  }
  return false
}

/** True for a status that asks for the content: 100, or a response that may need it. Any other final one may do without. */
export function wantsContent(status: number): boolean {
  return status === 100 || (status >= 200 && status < 300)
}
