/**
 * What crosses the border between the engine and its owner: two interfaces
 * that are called downward to upward, and the values they carry. Nothing here
 * waits, and nothing here is an `Error`: the shell makes those.
 */
import type { FailureInitiator, FailureScope, Processed } from '../errors.ts'

/** Field names and values in wire order, flat: `[name, value, name, value, …]`. */
export type FieldList = readonly string[]

/** Entries of a SETTINGS frame (RFC 9113 §6.5.1), in order. */
export type SettingsEntries = readonly (readonly [id: number, value: number])[]

/** Why a stream or the connection ended early. A value: making one costs almost nothing. */
export interface Failure {
  readonly scope: FailureScope
  readonly initiator: FailureInitiator
  /** Error code of RFC 9113 §7. */
  readonly errorCode: number
  /** Why, one clause with its rule, e.g. `WINDOW_UPDATE increment 0 (RFC 9113 §6.9)`. */
  readonly reason: string
  readonly processed: Processed
  /** Stable suffix of the public `H2_…` code where the error code alone does not tell. */
  readonly kind?: FailureKind | undefined
  /** Text of the peer's GOAWAY, escaped and cut. */
  readonly debugData?: string | undefined
  readonly cause?: unknown
}

/** Failures with a code of their own, whatever RFC error code goes with them. */
export type FailureKind =
  | 'GOAWAY'
  | 'CLOSED'
  | 'CANCELLED'
  | 'TIMEOUT_SETTINGS'
  | 'TIMEOUT_PREFACE'
  | 'TIMEOUT_PING'
  | 'STREAM_IDS_EXHAUSTED'
  | 'EXTENDED_CONNECT'
  | 'HEADER_LIST_TOO_LARGE'
  | 'UNREAD_TOO_LARGE'

/** The head of a request as the engine takes it. Field rules of RFC 9113 §8.2, §8.3 are checked by `open()`. */
export interface RequestHead {
  readonly method: string
  /** Absent for CONNECT (RFC 9113 §8.5). */
  readonly scheme?: string | undefined
  readonly authority: string
  /** Absent for CONNECT (RFC 9113 §8.5). */
  readonly path?: string | undefined
  /** `:protocol` of an extended CONNECT (RFC 8441 §4). */
  readonly protocol?: string | undefined
  /** Regular fields, names in lower case. */
  readonly fields: FieldList
  /** Names as the caller wrote them, by those in lower case: HTTP/1.1 sends them so, HTTP/2 cannot (RFC 9113 §8.2). */
  readonly writtenNames?: ReadonlyMap<string, string> | undefined
  /** RFC 9218 urgency, 0 (first) to 7; it orders our own uploads. Default 3. */
  readonly urgency?: number | undefined
  /**
   * The whole field section as it is to be sent, pseudo-header fields first,
   * instead of the parts above. It is not checked: its owner has rules of its own.
   */
  readonly section?: FieldList | undefined
  /** Names of fields that no table may keep (RFC 7541 §7.1.3). */
  readonly sensitive?: ReadonlySet<string> | undefined
  /** The identifier to use: odd, above every other. An owner that gives one gives all. */
  readonly streamId?: number | undefined
  /** The upload goes on when the response has ended. Default false: it is stopped (RFC 9113 §8.1). */
  readonly duplex?: boolean | undefined
}

/**
 * Told to the owner of one stream, after the engine's own state is settled: a
 * sink may open, write, end, reset and consume; it may not receive or pull.
 */
export interface StreamSink {
  /** HEADERS were handed to the output: the stream has its identifier. */
  onOpened(streamId: number): void
  /** A 1xx response (RFC 9110 §15.2). Any number, before the response. */
  onInformational(status: number, fields: FieldList): void
  /**
   * The final response. `endStream`: there is no content, and `onEnd` follows.
   * `neverIndexed`: names of fields that no table may keep (RFC 7541 §7.1.3), if there are any.
   * `reason`: the reason phrase of HTTP/1.1 (RFC 9112 §4); HTTP/2 has none.
   */
  onResponse(
    status: number,
    fields: FieldList,
    endStream: boolean,
    neverIndexed?: readonly string[],
    reason?: string,
  ): void
  /**
   * Content, `buf[start, end)`, borrowed for the call. `frameEnd` marks the
   * last piece of a DATA frame; a frame's last piece may be empty. Every byte
   * must be answered with `consume` some time, or the stream's window stays shut.
   */
  onData(buf: Uint8Array, start: number, end: number, frameEnd: boolean): void
  /** Trailers (RFC 9113 §8.1); `onEnd` follows. */
  onTrailers(fields: FieldList, neverIndexed?: readonly string[]): void
  /** The response is complete. Nothing but `onFailure` of an unfinished upload is suppressed after it. */
  onEnd(): void
  /** Queued request content fell below the low-water mark, or the peer stopped the upload: see `writable`. */
  onWritable(): void
  /** So many octets of content were handed to the output; `ended`: END_STREAM with them. */
  readonly onSent?: ((octets: number, ended: boolean) => void) | undefined
  /** A promised request (RFC 9113 §8.4) on this stream. Return a sink to accept it, undefined to refuse it. */
  onPush(stream: PushedStream, head: PromisedHead): StreamSink | undefined
  /** The stream failed. At most once, and nothing after it. */
  onFailure(failure: Failure): void
}

/** The promised request of a push. */
export interface PromisedHead {
  readonly method: string
  readonly scheme: string
  readonly authority: string
  readonly path: string
  readonly fields: FieldList
}

/** What the owner of a pushed response may do with its stream. */
export interface PushedStream {
  readonly id: number
  /** The application took `count` bytes of content. */
  consume(count: number): void
  /** Ends the stream at once with this error code. */
  reset(errorCode: number): void
}

/** What the owner of a request may do with its stream. */
export interface RequestStream extends PushedStream {
  /** 0 until HEADERS were handed to the output. */
  readonly id: number
  /** False once the request was ended or the stream closed: what is written then is dropped. */
  readonly writable: boolean
  /** Bytes written and not yet handed to the output. */
  readonly queuedBytes: number
  /** Queues content. The bytes must not be changed until `queuedBytes` fell below them. */
  write(chunk: Uint8Array): void
  /** Ends the request, with trailers if given. Throws TypeError for trailers that are not valid fields. */
  end(trailers?: FieldList): void
  /** Changes the urgency of the request, here and at the peer (PRIORITY_UPDATE, RFC 9218 §7.1). */
  reprioritize(urgency: number, incremental: boolean): void
}

/** Told to the owner of the connection. */
export interface ConnectionSink {
  /** The peer's first SETTINGS arrived and were applied. */
  onReady(): void
  /** The peer said GOAWAY: no request can be opened any more. */
  onDraining(errorCode: number, debugData: string): void
  /** The answer to a `ping()` of the owner, in milliseconds of its own clock. */
  onPong(token: number, roundTripTime: number): void
  /** The connection ended; every stream was told before. `failure` is undefined after a clean shutdown. */
  onClosed(failure: Failure | undefined): void
  /** Something worth a line in a log. */
  onNotice(text: string): void
  /** SETTINGS of the peer were applied, its first or later ones. */
  onPeerSettings?(entries: SettingsEntries): void
  /** The oldest of our SETTINGS that was not in force is so now. */
  onSettingsAcknowledged?(): void
  /** The peer sent a PING, which was answered. */
  onPeerPing?(octets: Uint8Array): void
  /** The peer said GOAWAY: told before `onDraining`, and before the streams that it ends. */
  onPeerGoaway?(lastStreamId: number, errorCode: number, debugData: Uint8Array): void
  /** The peer names an alternative service (RFC 7838 §4). `origin` is empty on a stream's own. */
  onAltSvc?(streamId: number, origin: string, value: string): void
  /** The peer names origins that it serves (RFC 8336 §2). */
  onOrigin?(origins: readonly string[]): void
}
