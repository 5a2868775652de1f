/**
 * The requests of a recording, in the order in which they were asked for: what
 * the client told of them, and what the frames of their streams say. Its one
 * rule: a request of which only frames were recorded is one all the same.
 */
import { joinBytes } from '../bytes.ts'
import { FrameType } from '../frame/registry.ts'
import type { Columns } from './columns.ts'
import { ConnectionState, type FrameRow } from './connection-state.ts'
import { concernsRequest, isFrame, Kind, Mark } from './event-kind.ts'
import { frameRow } from './fold.ts'
import { applyFrame } from './recorded-frame.ts'
import { type Draft, newDraft, type RecordedRequest } from './recorded-request.ts'
import type { Head } from './recording-head.ts'
import { promisedStreamOf, StreamRequests } from './stream-requests.ts'
import { utf8Text } from './text.ts'

/** The requests of a recording. */
export function requestsOf(head: Head, columns: Columns, offsets: Uint32Array): RecordedRequest[] {
  const reader = new RequestReader(head)
  for (let row = 0; row < columns.length; row++) reader.row(columns, row, offsets[row]!)
  return reader.requests()
}

class RequestReader {
  readonly #bases: Head['bases']
  readonly #told = new Map<number, Draft>()
  readonly #drafts: Draft[] = []
  readonly #connections = new Map<number, { state: ConnectionState; streams: StreamRequests }>()

  constructor(head: Head) {
    this.#bases = head.bases
  }

  row(columns: Columns, row: number, heapAt: number): void {
    const kind = columns.kind[row]!
    if (isFrame(kind)) this.#frame(frameRow(columns, row, heapAt), columns, row)
    else if (concernsRequest(kind)) this.#event(columns, row, heapAt)
    else this.#onConnection(columns, row, heapAt)
  }

  requests(): RecordedRequest[] {
    const drafts = this.#drafts.toSorted((a, b) => a.calledAt - b.calledAt)
    return drafts.map(({ pieces, told: _, ...request }, i) => ({
      ...request,
      id: i + 1,
      content: pieces.length > 0 ? joinBytes(pieces) : undefined,
    }))
  }

  #connection(id: number): { state: ConnectionState; streams: StreamRequests } {
    let connection = this.#connections.get(id)
    if (connection === undefined) {
      const streams = new StreamRequests(id, (draft) => this.#drafts.push(draft))
      connection = { state: new ConnectionState(this.#bases[id]), streams }
      this.#connections.set(id, connection)
    }
    return connection
  }

  #event(columns: Columns, row: number, heapAt: number): void {
    const kind = columns.kind[row]!
    const time = columns.time[row]!
    const id = columns.subject[row]!
    let draft = this.#told.get(id)
    if (draft === undefined) {
      draft = newDraft(time)
      draft.told = true
      this.#told.set(id, draft)
      this.#drafts.push(draft)
    }
    draft.rows.push(row)
    const text = utf8Text(columns.heap, heapAt, heapAt + columns.kept[row]!)
    if (kind === Kind.CALLED) {
      const space = text.indexOf(' ')
      draft.method = text.slice(0, Math.max(0, space))
      draft.url = text.slice(space + 1)
    } else if (kind === Kind.CARRIED) {
      draft.connection = columns.connection[row]!
      // Over HTTP/1.1 it leaves with that.
      if (draft.connection === 0) draft.sentAt = time
    } else if (kind === Kind.RESPONDED) {
      draft.status = columns.value[row]!
      draft.responseAt = time
    } else if (kind === Kind.OPENED || kind === Kind.STARTED) {
      draft.connection = columns.connection[row]!
      this.#connection(draft.connection).streams.expect(columns.value[row]!, draft)
    } else if (kind === Kind.RESENT) {
      withdraw(draft)
    } else if (kind === Kind.SETTLED) {
      draft.settledAt = time
      if (columns.value[row] !== 0) draft.failure = text
      this.#told.delete(id)
    }
  }

  #frame(frame: FrameRow, columns: Columns, row: number): void {
    const { state, streams } = this.#connection(columns.connection[row]!)
    const fields = applyFrame(state, frame)
    const time = columns.time[row]!
    if (frame.sent) streams.sent(frame, fields, time, row)
    else if (frame.type === FrameType.PUSH_PROMISE)
      streams.promised(promisedStreamOf(frame), fields, time, row)
    else streams.received(frame, fields, time, row)
    if ((columns.mark[row]! & Mark.SETTLED) !== 0) streams.settled(frame.stream, time)
  }

  #onConnection(columns: Columns, row: number, heapAt: number): void {
    const kind = columns.kind[row]!
    const id = columns.connection[row]!
    const { streams } = this.#connection(id)
    if (kind === Kind.REST) {
      streams.rest(columns.subject[row]!, columns.time[row]!, row)
      if ((columns.mark[row]! & Mark.SETTLED) !== 0)
        streams.settled(columns.subject[row]!, columns.time[row]!)
    } else if (kind === Kind.CLOSED) streams.closed(columns.time[row]!)
    else if (kind === Kind.CONTENT_RECEIVED) {
      const octets = columns.heap.slice(heapAt, heapAt + columns.kept[row]!)
      streams.content(columns.subject[row]!, octets)
    }
  }
}

/** It will be sent again: as before it was sent, but for the time that passed. */
function withdraw(draft: Draft): void {
  draft.resent++
  draft.stream = 0
  draft.connection = 0
  draft.sentAt = Number.NaN
  draft.requestEndAt = Number.NaN
  draft.octetsSent = 0
}
