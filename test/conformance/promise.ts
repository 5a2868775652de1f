/** A legal PUSH_PROMISE, to be made wrong where a test wants it. */
import { indexed, withoutIndexing } from '../support/field-blocks.ts'
import { concat, END_HEADERS, frame, PUSH_PROMISE, uint32 } from '../support/wire.ts'

/** The request of a push: GET https://a.test/ and what is given besides. */
export function promisedRequest(more: Uint8Array = new Uint8Array(), authority = 'a.test'): Uint8Array {
  return concat(indexed(2), indexed(7), indexed(4), withoutIndexing(1, authority), more)
}

/** PUSH_PROMISE of stream `promisedId` on stream `streamId`. */
export function promise(streamId: number, promisedId: number, more?: Uint8Array): Uint8Array {
  return frame(PUSH_PROMISE, END_HEADERS, streamId, concat(uint32(promisedId), promisedRequest(more)))
}
