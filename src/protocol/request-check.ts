/**
 * The check of what a caller wants to send, once for each list of fields that
 * cannot change: callers tend to send the same list again. A head with a
 * `section` of its owner's own is not checked.
 */
import { checkRequestHead, checkSentFields } from './fields-sent.ts'
import type { FieldList, RequestHead } from './sinks.ts'

export class RequestCheck {
  /** Fields that passed last, and the authority that they passed with. */
  #fields: FieldList | undefined = undefined
  #authority = ''

  /** Throws TypeError for a head that breaks a rule of RFC 9113 §8.2 or §8.3. */
  check(head: RequestHead): void {
    if (head.section !== undefined) return
    checkRequestHead(head)
    if (head.fields === this.#fields && head.authority === this.#authority) return
    checkSentFields(head.fields, head.authority)
    // Only a list that cannot change stays checked.
    this.#fields = Object.isFrozen(head.fields) ? head.fields : undefined
    this.#authority = head.authority
  }
}
