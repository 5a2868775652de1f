/**
 * A connection as it was at a frame: windows, streams, settings and HPACK
 * tables, rebuilt from the frames of both directions by the engine's own parts
 * (RFC 9113 §5, §6). Its one rule: it takes what the wire says and judges
 * nothing, for whoever had to judge has done so.
 */
import { readUint16, readUint31, readUint32 } from '../bytes.ts'
import { Flag, FrameType, Setting } from '../frame/registry.ts'
import { DEFAULT_WINDOW_SIZE, MAX_WINDOW_SIZE } from '../protocol/flow-control.ts'
import {
  CLOSED,
  DISCARD,
  HALF_CLOSED_LOCAL,
  IDLE,
  OPEN,
  RECV_DATA,
  RECV_END,
  RECV_HEADERS,
  RECV_RESET,
  RESERVED_REMOTE,
  SEND_END,
  SEND_HEADERS,
  SEND_RESET,
  STATES,
  step,
} from '../protocol/stream-state.ts'
import { FieldBlocks, type TableEntry } from './field-blocks.ts'

const { DATA, HEADERS, RST_STREAM, SETTINGS, PUSH_PROMISE, GOAWAY, WINDOW_UPDATE } = FrameType
const ENTRY_SIZE = 6
const NO_CREDIT = 0

/** One stream, as far as frames tell. */
interface StreamRecord {
  state: number
  /** WINDOW_UPDATEs less DATA, each way; the window is the initial one and this (RFC 9113 §6.9.2). */
  sendCredit: number
  recvCredit: number
}

/** A stream at a frame. */
export interface StreamFacts {
  readonly id: number
  /** As RFC 9113 §5.1 names it. */
  readonly state: string
  /** Octets of content that we may send, and that the peer may send. */
  readonly sendWindow: number
  readonly recvWindow: number
}

/** One side's settings (RFC 9113 §6.5.2), those that were said. */
export type SettingsFacts = Readonly<Record<number, number>>

/** An HPACK table (RFC 7541 §2.3.2), newest entry first. */
export interface TableFacts {
  readonly entries: readonly TableEntry[]
  readonly size: number
  readonly maxSize: number
  /** Why it is not known; undefined if it is. */
  readonly fault: string | undefined
}

/** A connection at a frame: plain data. */
export interface ConnectionFacts {
  readonly sendWindow: number
  readonly recvWindow: number
  readonly openStreams: number
  /** Those that are not closed. */
  readonly streams: readonly StreamFacts[]
  readonly localSettings: SettingsFacts
  readonly peerSettings: SettingsFacts
  /** The tables of the field blocks that we send, and of those that we receive. */
  readonly sendTable: TableFacts
  readonly recvTable: TableFacts
  /** The last stream and error code of the last GOAWAY from the peer. */
  readonly goaway: { readonly lastStreamId: number; readonly errorCode: number } | undefined
}

/** A frame as a tape has it; `buf[start, end)` is what was kept of its payload. */
export interface FrameRow {
  readonly sent: boolean
  readonly type: number
  readonly flags: number
  readonly stream: number
  readonly length: number
  readonly buf: Uint8Array
  readonly start: number
  readonly end: number
}

export class ConnectionState {
  sendWindow = DEFAULT_WINDOW_SIZE
  recvWindow = DEFAULT_WINDOW_SIZE
  readonly sendBlocks: FieldBlocks
  readonly recvBlocks: FieldBlocks
  readonly #streams = new Map<number, StreamRecord>()
  readonly #local = new Map<number, number>()
  readonly #peer = new Map<number, number>()
  #goaway: ConnectionFacts['goaway'] = undefined
  #open = 0
  /** Highest identifier of a stream that we opened: those below are closed if nothing is known of them. */
  #lastOpened = 0

  /** At the beginning of a connection, or where these facts held. */
  constructor(facts?: ConnectionFacts) {
    this.sendBlocks = blocksOf(facts?.sendTable)
    this.recvBlocks = blocksOf(facts?.recvTable)
    if (facts === undefined) return
    this.sendWindow = facts.sendWindow
    this.recvWindow = facts.recvWindow
    this.#goaway = facts.goaway
    for (const [id, value] of Object.entries(facts.localSettings)) this.#local.set(Number(id), value)
    for (const [id, value] of Object.entries(facts.peerSettings)) this.#peer.set(Number(id), value)
    for (const { id, state, sendWindow, recvWindow } of facts.streams) {
      const sendCredit = sendWindow - this.initialSendWindow
      const recvCredit = recvWindow - this.initialRecvWindow
      this.#streams.set(id, { state: Math.max(0, STATES.indexOf(state)), sendCredit, recvCredit })
      if (id % 2 === 0) continue
      this.#open++
      this.#lastOpened = Math.max(this.#lastOpened, id)
    }
  }

  /** What the peer lets a new stream send, and what we let it. */
  get initialSendWindow(): number {
    return this.#peer.get(Setting.INITIAL_WINDOW_SIZE) ?? DEFAULT_WINDOW_SIZE
  }

  get initialRecvWindow(): number {
    return this.#local.get(Setting.INITIAL_WINDOW_SIZE) ?? DEFAULT_WINDOW_SIZE
  }

  /** Requests that the peer takes at a time; Infinity until it says. */
  get maxConcurrentStreams(): number {
    return this.#peer.get(Setting.MAX_CONCURRENT_STREAMS) ?? Number.POSITIVE_INFINITY
  }

  /** Requests that are open. */
  get openStreams(): number {
    return this.#open
  }

  /** True for a stream that is not closed. */
  isOpen(stream: number): boolean {
    return this.#streams.has(stream)
  }

  /** Octets that we may send on a stream; of one that is not open, what a new one has. */
  sendWindowOf(stream: number): number {
    return this.initialSendWindow + (this.#streams.get(stream)?.sendCredit ?? NO_CREDIT)
  }

  /** Octets that the peer may send on a stream. */
  recvWindowOf(stream: number): number {
    return this.initialRecvWindow + (this.#streams.get(stream)?.recvCredit ?? NO_CREDIT)
  }

  /** What is known now, as plain data. */
  facts(): ConnectionFacts {
    return {
      sendWindow: this.sendWindow,
      recvWindow: this.recvWindow,
      openStreams: this.openStreams,
      streams: [...this.#streams].map(([id, { state }]) => ({
        id,
        state: STATES[state]!,
        sendWindow: this.sendWindowOf(id),
        recvWindow: this.recvWindowOf(id),
      })),
      localSettings: Object.fromEntries(this.#local),
      peerSettings: Object.fromEntries(this.#peer),
      sendTable: tableOf(this.sendBlocks),
      recvTable: tableOf(this.recvBlocks),
      goaway: this.#goaway,
    }
  }

  /** The next frame. Field blocks are read by whoever wants their fields: see `sendBlocks`, `recvBlocks`. */
  apply(frame: FrameRow): void {
    if (frame.sent) this.#sent(frame)
    else this.#received(frame)
  }

  #sent({ type, flags, stream, length, buf, start, end }: FrameRow): void {
    switch (type) {
      case DATA:
        this.sendWindow -= length
        this.#charge(stream, -length, 0)
        if ((flags & Flag.END_STREAM) !== 0) this.#step(stream, SEND_END)
        break
      case HEADERS:
        if (stream > this.#lastOpened) this.#opened(stream)
        if ((flags & Flag.END_STREAM) !== 0) this.#step(stream, SEND_END)
        break
      case RST_STREAM:
        this.#step(stream, SEND_RESET)
        break
      case SETTINGS:
        if ((flags & Flag.ACK) === 0) note(this.#local, buf, start, end)
        break
      case WINDOW_UPDATE:
        if (end - start < 4) break
        if (stream === 0) this.recvWindow += readUint31(buf, start)
        else this.#charge(stream, 0, readUint31(buf, start))
        break
    }
  }

  #received({ type, flags, stream, length, buf, start, end }: FrameRow): void {
    switch (type) {
      case DATA:
        this.recvWindow -= length
        this.#charge(stream, 0, -length)
        this.#step(stream, (flags & Flag.END_STREAM) === 0 ? RECV_DATA : RECV_END)
        break
      case HEADERS:
        this.#step(stream, RECV_HEADERS)
        if ((flags & Flag.END_STREAM) !== 0) this.#step(stream, RECV_END)
        break
      case RST_STREAM:
        this.#step(stream, RECV_RESET)
        break
      case SETTINGS:
        if ((flags & Flag.ACK) === 0) note(this.#peer, buf, start, end)
        break
      case PUSH_PROMISE:
        if (end - start >= 4) this.#promised(readUint31(buf, start))
        break
      case WINDOW_UPDATE:
        if (end - start < 4) break
        if (stream !== 0) this.#charge(stream, readUint31(buf, start), 0)
        // What overflows ends the connection, which takes no credit from it (RFC 9113 §6.9.1).
        else this.sendWindow = Math.min(MAX_WINDOW_SIZE, this.sendWindow + readUint31(buf, start))
        break
      case GOAWAY:
        if (end - start >= 8) this.#parted(readUint31(buf, start), readUint32(buf, start + 4))
        break
    }
  }

  #opened(stream: number): void {
    this.#lastOpened = stream
    this.#open++
    this.#streams.set(stream, { state: step(IDLE, SEND_HEADERS), sendCredit: 0, recvCredit: 0 })
  }

  #promised(stream: number): void {
    if (stream % 2 === 1 || this.#streams.has(stream)) return
    this.#streams.set(stream, { state: RESERVED_REMOTE, sendCredit: 0, recvCredit: 0 })
  }

  /** RFC 9113 §6.8: the peer does not act on streams above. */
  #parted(lastStreamId: number, errorCode: number): void {
    this.#goaway = { lastStreamId, errorCode }
    for (const id of this.#streams.keys()) if (id % 2 === 1 && id > lastStreamId) this.#closed(id)
  }

  #closed(stream: number): void {
    this.#streams.delete(stream)
    if (stream % 2 === 1) this.#open--
  }

  #charge(stream: number, sendCredit: number, recvCredit: number): void {
    const record = this.#streams.get(stream)
    if (record === undefined) return
    record.sendCredit += sendCredit
    if (record.state === OPEN || record.state === HALF_CLOSED_LOCAL) record.recvCredit += recvCredit
  }

  #step(stream: number, input: number): void {
    const record = this.#streams.get(stream)
    if (record === undefined) return
    const next = step(record.state, input)
    if (next >= DISCARD) return
    record.state = next
    const live = next < CLOSED || next === RESERVED_REMOTE
    if (!live) this.#closed(stream)
  }
}

function note(settings: Map<number, number>, buf: Uint8Array, start: number, end: number): void {
  for (let at = start; at + ENTRY_SIZE <= end; at += ENTRY_SIZE) {
    settings.set(readUint16(buf, at), readUint32(buf, at + 2))
  }
}

function blocksOf(facts: TableFacts | undefined): FieldBlocks {
  const blocks = new FieldBlocks(facts?.entries, facts?.maxSize)
  if (facts?.fault !== undefined) blocks.lost(facts.fault)
  return blocks
}

function tableOf(blocks: FieldBlocks): TableFacts {
  const { entries, size, maxSize, fault } = blocks
  return { entries, size, maxSize, fault }
}
