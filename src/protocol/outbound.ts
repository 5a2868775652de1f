/**
 * Everything we send, put together when the transport asks for it: answers and
 * credit first, then new requests while there are slots (RFC 9113 §5.1.2), then
 * content, a frame in turn (§6.9). So a reset or a new priority still acts on
 * what was not pulled, and nothing piles up here.
 */
import { OutputBuffer } from '../bytes.ts'
import { CONNECTION_PREFACE, ErrorCode } from '../frame/registry.ts'
import {
  beginHeaders,
  finishHeaders,
  writeDataHeader,
  writeGoaway,
  writePing,
  writePriorityUpdate,
  writeRstStream,
  writeSettings,
  writeSettingsAck,
  writeWindowUpdate,
} from '../frame/serializer.ts'
import { Encoder } from '../hpack/encoder.ts'
import { type AbuseBudget, workOfContent } from './abuse-budget.ts'
import type { Credit } from './credit.ts'
import { fieldSectionSize } from './field-rules.ts'
import { SendWindow, StreamSendWindows } from './flow-control.ts'
import { Scheduler } from './scheduler.ts'
import { SentProgress } from './sent-progress.ts'
import type { PeerSettings } from './settings.ts'
import type { Failure, FailureKind, FieldList, RequestHead, SettingsEntries } from './sinks.ts'
import type { Stream } from './stream.ts'
import { CLOSED, SEND_END, step } from './stream-state.ts'
import type { StreamTable } from './stream-table.ts'

/** Octets of content in one frame, at most: the default of SETTINGS_MAX_FRAME_SIZE, and a turn in the schedule. */
const TURN = 16_384
/**
 * Octets of a TLS record (RFC 8446 §5.1). Those of one write begin with it, and
 * no frame with content crosses from one to the next: Tomcat 10.1 loses track
 * of frames that do.
 */
const RECORD = 16_384
const FRAME_HEADER = 9
/** Octets of content for which a record is worth filling up. */
const LEAST = 1_024
/** A stream with fewer octets queued than this is told that it may write. */
const LOW_WATER = 65_536

/** A GOAWAY that ends nothing. */
interface Announcement {
  readonly errorCode: number
  readonly lastStreamId: number
  readonly debugData: Uint8Array | undefined
}

export class Outbound {
  readonly #out = new OutputBuffer(0)
  readonly #encoder = new Encoder()
  readonly #peer: PeerSettings
  readonly #table: StreamTable
  readonly #credit: Credit
  readonly #budget: AbuseBudget
  readonly connectionWindow = new SendWindow()
  readonly streamWindows = new StreamSendWindows()
  readonly scheduler = new Scheduler(this.streamWindows)
  /** Streams that may write again, told at the end of the pull; undefined for none. */
  #drained: Stream[] | undefined = undefined
  /** The stream of a RST_STREAM that was not handed out, 0 for none, and its error code: mostly there is one. */
  #resetStream = 0
  #resetCode = 0
  /** The others: error codes by stream; undefined for none. */
  #resets: Map<number, number> | undefined = undefined
  /** What owners are to be told of, at the end of the pull. */
  readonly #progress = new SentProgress()
  /** GOAWAYs that end nothing, not handed out; undefined for none. */
  #announced: Announcement[] | undefined = undefined
  /** The last stream that we named in a GOAWAY: it never grows (RFC 9113 §6.8). */
  #goawayId = 0x7fffffff
  /** Octets of own PINGs that were not handed out; undefined for none. */
  #pings: Uint8Array[] | undefined = undefined
  /** Nothing but what was put into the output before is sent any more. */
  #closed = false
  /** Octets handed out, for ever. */
  bytesSent = 0

  constructor(peer: PeerSettings, table: StreamTable, credit: Credit, budget: AbuseBudget) {
    this.#peer = peer
    this.#table = table
    this.#credit = credit
    this.#budget = budget
  }

  /** The connection preface (RFC 9113 §3.4), and the window beyond the default, which SETTINGS cannot give (§6.9.2). */
  preface(settings: SettingsEntries, extraWindow: number): void {
    this.#out.copy(CONNECTION_PREFACE)
    writeSettings(this.#out, settings)
    if (extraWindow > 0) writeWindowUpdate(this.#out, 0, extraWindow)
  }

  settings(entries: SettingsEntries): void {
    writeSettings(this.#out, entries)
  }

  settingsAck(): void {
    writeSettingsAck(this.#out)
  }

  /** A PING of our own: it goes behind the resets that it may have to prove. */
  ping(octets: Uint8Array): void {
    this.#pings ??= []
    this.#pings.push(octets)
  }

  pingAck(buf: Uint8Array, start: number): void {
    writePing(this.#out, true, buf, start)
  }

  reset(streamId: number, errorCode: number): void {
    const first = this.#resetStream === 0 && !this.#resets?.has(streamId)
    if (first || this.#resetStream === streamId) {
      this.#resetStream = streamId
      this.#resetCode = errorCode
    } else {
      this.#resets ??= new Map()
      this.#resets.set(streamId, errorCode)
    }
  }

  /** The peer was faster. */
  takeBackReset(streamId: number): void {
    if (this.#resetStream === streamId) this.#resetStream = 0
    else this.#resets?.delete(streamId)
  }

  #writeWaiting(): void {
    if (this.#resetStream !== 0) {
      writeRstStream(this.#out, this.#resetStream, this.#resetCode)
      this.#resetStream = 0
    }
    if (this.#resets !== undefined) {
      for (const [streamId, errorCode] of this.#resets) writeRstStream(this.#out, streamId, errorCode)
      this.#resets = undefined
    }
    if (this.#pings !== undefined) {
      for (const octets of this.#pings) writePing(this.#out, false, octets)
      this.#pings = undefined
    }
  }

  /** A GOAWAY that ends nothing; it goes behind the requests made before it. */
  announceGoaway(lastStreamId: number, errorCode: number, debugData: Uint8Array | undefined): void {
    this.#announced ??= []
    this.#announced.push({ lastStreamId, errorCode, debugData })
  }

  #writeAnnounced(): void {
    if (this.#announced === undefined) return
    for (const { lastStreamId, errorCode, debugData } of this.#announced) {
      writeGoaway(this.#out, this.#goawayBound(lastStreamId), errorCode, debugData)
    }
    this.#announced = undefined
  }

  /** RFC 9113 §6.8: the identifier must not grow from one GOAWAY to the next. */
  #goawayBound(lastStreamId: number): number {
    this.#goawayId = Math.min(this.#goawayId, lastStreamId)
    return this.#goawayId
  }

  /** The last frame (RFC 9113 §6.8): nothing goes behind it. */
  goaway(lastStreamId: number, errorCode: number, reason: string): void {
    this.#writeWaiting()
    this.#writeAnnounced()
    this.#closed = true
    const debugData = new OutputBuffer(reason.length)
    // The section sign is not ASCII, and many a peer logs this text as it is.
    debugData.latin1(reason.replaceAll('§', 'section '))
    writeGoaway(this.#out, this.#goawayBound(lastStreamId), errorCode, debugData.take())
  }

  priorityUpdate(streamId: number, fieldValue: string): void {
    writePriorityUpdate(this.#out, streamId, fieldValue)
  }

  /** The peer's SETTINGS_HEADER_TABLE_SIZE (RFC 9113 §4.3.1). */
  setPeerTableSize(size: number): void {
    this.#encoder.setPeerTableSize(size)
  }

  /** At most `max` octets to send; undefined if there is nothing that may be sent now. */
  pull(max: number): Uint8Array | undefined {
    const out = this.#out
    out.compact()
    if (!this.#closed) {
      this.#writeWaiting()
      this.#credit.write(out)
      this.#openWaiting(max)
      this.#writeAnnounced()
      this.#sendContent(max)
    }
    if (out.length === 0) {
      out.release()
      return undefined
    }
    const bytes = out.take(max)
    this.bytesSent += bytes.length
    if (out.length === 0) this.#budget.flushed()
    this.#progress.tell()
    this.#tellDrained()
    return bytes
  }

  #openWaiting(max: number): void {
    while (this.#out.length < max) {
      const stream = this.#table.nextWaiting
      if (stream === undefined) return
      const refusal = this.#refusal(stream)
      if (refusal !== undefined) {
        this.#table.drop(stream)
        stream.fail(refusal)
      } else if (this.#table.slots > 0) {
        this.#open(stream)
      } else {
        return
      }
    }
  }

  /** Why a request can never be sent on this connection. */
  #refusal(stream: Stream): Failure | undefined {
    const head = stream.head!
    if (this.#table.exhausted) {
      return unsent('STREAM_IDS_EXHAUSTED', 'no stream identifier is left (RFC 9113 §5.1.1)')
    }
    if (head.protocol !== undefined && !this.#peer.enableConnectProtocol) {
      return unsent('EXTENDED_CONNECT', 'the peer does not take extended CONNECT (RFC 8441 §3)')
    }
    const limit = this.#peer.maxHeaderListSize
    if (limit !== Number.POSITIVE_INFINITY && headSize(head) > limit) {
      return unsent(
        'HEADER_LIST_TOO_LARGE',
        `header fields exceed the peer's ${limit} octets (RFC 9113 §10.5.1)`,
      )
    }
    return undefined
  }

  #open(stream: Stream): void {
    const head = stream.head!
    const { upload } = stream
    const endStream =
      upload === undefined || (upload.ended && upload.length === 0 && upload.trailers === undefined)
    this.#table.admit(stream)
    this.#budget.requested()
    stream.head = undefined
    const at = beginHeaders(this.#out)
    this.#encoder.begin(this.#out)
    if (head.section === undefined) this.#head(head)
    else this.#fields(head.section, head.sensitive)
    finishHeaders(this.#out, at, stream.id, endStream, this.#peer.maxFrameSize)
    if (endStream) this.#ended(stream)
    else this.scheduler.place(stream)
    stream.tellOpened()
  }

  #head(head: RequestHead): void {
    this.#field(':method', head.method)
    if (head.protocol !== undefined) this.#field(':protocol', head.protocol)
    if (head.scheme !== undefined) this.#field(':scheme', head.scheme)
    this.#field(':authority', head.authority)
    if (head.path !== undefined) this.#field(':path', head.path)
    this.#fields(head.fields, head.sensitive)
  }

  #fields(fields: FieldList, sensitive?: ReadonlySet<string>): void {
    for (let i = 0; i < fields.length; i += 2) {
      const name = fields[i]!
      this.#encoder.field(this.#out, name, fields[i + 1]!, sensitive?.has(name) ?? false)
    }
  }

  #field(name: string, value: string): void {
    this.#encoder.field(this.#out, name, value, false)
  }

  #sendContent(max: number): void {
    while (this.#out.length < max) {
      const ending = this.scheduler.nextEnding
      if (ending !== undefined) {
        this.#sendEnd(ending)
        continue
      }
      // RFC 9113 §6.9.1: content waits for both windows; an end without content for neither.
      if (this.connectionWindow.available <= 0 || this.#room < LEAST) return
      const stream = this.scheduler.nextReady()
      if (stream === undefined) return
      this.#sendFrame(stream)
    }
  }

  #sendEnd(stream: Stream): void {
    const { trailers } = stream.upload!
    if (trailers === undefined) {
      writeDataHeader(this.#out, stream.id, 0, true)
    } else {
      const at = beginHeaders(this.#out)
      this.#encoder.begin(this.#out)
      this.#fields(trailers)
      finishHeaders(this.#out, at, stream.id, true, this.#peer.maxFrameSize)
    }
    this.#ended(stream)
  }

  /** Octets of content that the record has room for that the output ends in. */
  get #room(): number {
    return RECORD - (this.#out.length % RECORD) - FRAME_HEADER
  }

  #sendFrame(stream: Stream): void {
    const upload = stream.upload!
    const length = Math.min(
      upload.length,
      TURN,
      this.#room,
      this.#peer.maxFrameSize,
      this.connectionWindow.available,
      this.streamWindows.available(stream.sendCredit),
    )
    const endStream = upload.ended && length === upload.length && upload.trailers === undefined
    writeDataHeader(this.#out, stream.id, length, endStream)
    upload.moveTo(this.#out, length)
    this.connectionWindow.take(length)
    stream.sendCredit -= length
    this.#budget.sent(length)
    stream.workSent += workOfContent(length)
    this.#progress.note(stream, length, endStream)
    if (endStream) {
      this.#ended(stream)
      return
    }
    this.scheduler.place(stream)
    if (upload.ended || upload.length >= LOW_WATER || stream.drained) return
    stream.drained = true
    this.#drained ??= []
    this.#drained.push(stream)
  }

  /** END_STREAM was sent (RFC 9113 §5.1). */
  #ended(stream: Stream): void {
    this.#progress.note(stream, 0, true)
    stream.unlink()
    stream.state = step(stream.state, SEND_END)
    if (stream.state === CLOSED) this.#table.remove(stream, CLOSED)
  }

  #tellDrained(): void {
    const drained = this.#drained
    if (drained === undefined) return
    this.#drained = undefined
    for (const stream of drained) {
      stream.drained = false
      if (stream.writable) stream.tellWritable()
    }
  }
}

function headSize(head: RequestHead): number {
  if (head.section !== undefined) return fieldSectionSize(head.section)
  let size = fieldSectionSize([':method', head.method, ':authority', head.authority])
  if (head.scheme !== undefined) size += fieldSectionSize([':scheme', head.scheme])
  if (head.path !== undefined) size += fieldSectionSize([':path', head.path])
  if (head.protocol !== undefined) size += fieldSectionSize([':protocol', head.protocol])
  return size + fieldSectionSize(head.fields)
}

function unsent(kind: FailureKind, reason: string): Failure {
  return {
    scope: 'stream',
    initiator: 'local',
    errorCode: ErrorCode.INTERNAL_ERROR,
    kind,
    reason,
    processed: 'no',
  }
}
