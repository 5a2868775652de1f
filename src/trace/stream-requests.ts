/**
 * The streams of one connection and the requests that they carry: what frames
 * add to a request that is being put together. One rule: a stream's request is
 * the one that the client named for it, or one that is made when its HEADERS go out.
 */
import { readUint31, readUint32 } from '../bytes.ts'
import { ErrorCode, errorName, FrameType } from '../frame/registry.ts'
import type { FrameRow } from './connection-state.ts'
import type { CodedField } from './field-blocks.ts'
import { type Draft, endsStream, newDraft, plainFields } from './recorded-request.ts'

type Fields = readonly CodedField[] | undefined

export class StreamRequests {
  readonly #connection: number
  readonly #made: (draft: Draft) => void
  readonly #drafts = new Map<number, Draft>()

  constructor(connection: number, made: (draft: Draft) => void) {
    this.#connection = connection
    this.#made = made
  }

  /** The client says which stream it is on. */
  expect(stream: number, draft: Draft): void {
    draft.stream = stream
    this.#drafts.set(stream, draft)
  }

  sent(frame: FrameRow, fields: Fields, time: number, row: number): void {
    const { type, stream, length } = frame
    if (stream === 0) return
    let draft = this.#drafts.get(stream)
    if (draft === undefined && type === FrameType.HEADERS) draft = this.#make(stream, time)
    if (draft === undefined) return
    draft.rows.push(row)
    if (type === FrameType.HEADERS && Number.isNaN(draft.sentAt)) draft.sentAt = time
    if (fields !== undefined && draft.fields.length === 0) this.#head(draft, fields)
    if (type === FrameType.DATA) draft.octetsSent += length
    if (endsStream(frame)) draft.requestEndAt = time
    if (type === FrameType.RST_STREAM) this.#reset(draft, frame, 'reset by the client', time)
  }

  received(frame: FrameRow, fields: Fields, time: number, row: number): void {
    const { type, stream, length } = frame
    const draft = stream === 0 ? undefined : this.#drafts.get(stream)
    if (draft === undefined) {
      if (type === FrameType.GOAWAY) this.#parted(frame, time)
      return
    }
    draft.rows.push(row)
    if (type === FrameType.HEADERS && draft.status === 0) draft.responseAt = time
    if (fields !== undefined) respond(draft, fields)
    if (type === FrameType.DATA) draft.octetsReceived += length
    if (endsStream(frame)) this.#ended(draft, time)
    if (type === FrameType.RST_STREAM) this.#reset(draft, frame, 'reset by the peer', time)
  }

  /** The rest of a DATA frame came. */
  rest(stream: number, time: number, row: number): void {
    const draft = this.#drafts.get(stream)
    if (draft === undefined) return
    draft.rows.push(row)
    if (!Number.isNaN(draft.responseEndAt)) this.#ended(draft, time)
  }

  promised(stream: number, fields: Fields, time: number, row: number): void {
    const draft = this.#make(stream, time)
    draft.pushed = true
    draft.requestEndAt = time
    draft.rows.push(row)
    if (fields !== undefined) this.#head(draft, fields)
  }

  content(stream: number, octets: Uint8Array): void {
    this.#drafts.get(stream)?.pieces.push(octets)
  }

  /** The client says that the request on this stream is over. */
  settled(stream: number, time: number): void {
    const draft = this.#drafts.get(stream)
    if (draft !== undefined) draft.settledAt = time
  }

  /** The connection is over. */
  closed(time: number): void {
    for (const draft of this.#drafts.values()) this.#settle(draft, time, 'the connection closed')
  }

  #make(stream: number, time: number): Draft {
    const draft = newDraft(time)
    draft.connection = this.#connection
    draft.stream = stream
    draft.sentAt = time
    this.#drafts.set(stream, draft)
    this.#made(draft)
    return draft
  }

  #head(draft: Draft, fields: readonly CodedField[]): void {
    draft.fields = plainFields(fields)
    const value = (name: string): string => fields.find((field) => field.name === name)?.value ?? ''
    draft.method ||= value(':method')
    const scheme = value(':scheme')
    draft.url ||= `${scheme === '' ? '' : `${scheme}://`}${value(':authority')}${value(':path')}`
  }

  #ended(draft: Draft, time: number): void {
    draft.responseEndAt = time
    if (!draft.told) draft.settledAt = time
  }

  #reset(draft: Draft, { buf, start, end }: FrameRow, who: string, time: number): void {
    const code = end - start >= 4 ? readUint32(buf, start) : ErrorCode.NO_ERROR
    const clean = code === ErrorCode.NO_ERROR && !Number.isNaN(draft.responseEndAt)
    if (!clean) this.#settle(draft, time, `${who} with ${errorName(code)}`)
  }

  /** RFC 9113 §6.8: the peer does not act on streams above. */
  #parted({ buf, start, end }: FrameRow, time: number): void {
    if (end - start < 8) return
    const last = readUint31(buf, start)
    for (const [stream, draft] of this.#drafts) {
      if (stream % 2 === 1 && stream > last)
        this.#settle(draft, time, 'not processed by the peer, which said GOAWAY')
    }
  }

  #settle(draft: Draft, time: number, failure: string): void {
    if (draft.told || !Number.isNaN(draft.settledAt)) return
    draft.settledAt = time
    draft.failure = failure
  }
}

function respond(draft: Draft, fields: readonly CodedField[]): void {
  const said = fields.find(({ name }) => name === ':status')?.value ?? ''
  const status = /^\d{3}$/.test(said) ? Number(said) : 0
  if (draft.status !== 0) {
    draft.trailers = plainFields(fields)
  } else if (status >= 100 && status < 200) {
    draft.informational.push(status)
    draft.responseAt = Number.NaN
  } else {
    draft.status = status
    draft.responseFields = plainFields(fields)
  }
}

/** The stream that a PUSH_PROMISE of a recording promises. */
export function promisedStreamOf({ buf, start, end }: FrameRow): number {
  return end - start >= 4 ? readUint31(buf, start) : 0
}
