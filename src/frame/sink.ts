/**
 * What the frame parser tells, and to whom: one call per frame (for DATA one
 * per piece), with scalars and borrowed bytes. The bytes `buf[start, end)` are
 * valid only during the call. A sink may call `stop()` on the parser from
 * within any call; it may not call `receive()`.
 */
export interface FrameSink {
  /**
   * A DATA frame begins (RFC 9113 §6.1). `flowControlledLength` is the whole
   * payload; `paddingLength` the part of it that is never content: the padding
   * and its Pad Length octet, 0 if the frame is not PADDED.
   */
  onDataStart(streamId: number, flowControlledLength: number, paddingLength: number): void
  /**
   * Content of the DATA frame begun last. Exactly one piece of a frame, its
   * last, has `last`; it may be empty. `endStream` is the frame's flag, the
   * same on every piece, and takes effect with the last.
   */
  onData(
    streamId: number,
    buf: Uint8Array,
    start: number,
    end: number,
    last: boolean,
    endStream: boolean,
  ): void
  /** HEADERS (RFC 9113 §6.2): the field block fragment, without padding and priority fields. */
  onHeaders(
    streamId: number,
    endStream: boolean,
    endHeaders: boolean,
    buf: Uint8Array,
    start: number,
    end: number,
  ): void
  /** CONTINUATION (RFC 9113 §6.10) of the field block that is open on this stream. */
  onContinuation(streamId: number, endHeaders: boolean, buf: Uint8Array, start: number, end: number): void
  /** PRIORITY (RFC 9113 §6.3). Its content is deprecated and not told. */
  onPriority(streamId: number): void
  /** RST_STREAM (RFC 9113 §6.4). */
  onRstStream(streamId: number, errorCode: number): void
  /** SETTINGS without ACK (RFC 9113 §6.5): entries of 6 octets each, possibly none. */
  onSettings(buf: Uint8Array, start: number, end: number): void
  /** SETTINGS with ACK (RFC 9113 §6.5). */
  onSettingsAck(): void
  /** PUSH_PROMISE (RFC 9113 §6.6): the field block fragment. The promised identifier is not judged. */
  onPushPromise(
    streamId: number,
    promisedStreamId: number,
    endHeaders: boolean,
    buf: Uint8Array,
    start: number,
    end: number,
  ): void
  /** PING (RFC 9113 §6.7): 8 octets of opaque data from `start` on. */
  onPing(ack: boolean, buf: Uint8Array, start: number): void
  /** GOAWAY (RFC 9113 §6.8): `buf[start, end)` is the debug data. */
  onGoaway(lastStreamId: number, errorCode: number, buf: Uint8Array, start: number, end: number): void
  /** WINDOW_UPDATE (RFC 9113 §6.9). `increment` is at least 1; stream 0 is the connection. */
  onWindowUpdate(streamId: number, increment: number): void
  /** ALTSVC (RFC 7838 §4) on any stream: the whole payload, not judged. */
  onAltSvc(streamId: number, buf: Uint8Array, start: number, end: number): void
  /** ORIGIN (RFC 8336 §2) on any stream: the whole payload, not judged. */
  onOrigin(streamId: number, buf: Uint8Array, start: number, end: number): void
  /** PRIORITY_UPDATE (RFC 9218 §7.1) on any stream: the whole payload, not judged. */
  onPriorityUpdate(streamId: number, buf: Uint8Array, start: number, end: number): void
  /** A frame of another type (RFC 9113 §5.5), told at its header; its `length` octets of payload are dropped. */
  onUnknown(type: number, streamId: number, length: number): void
  /** A frame broke a rule that concerns one stream (RFC 9113 §5.4.2). The parser goes on behind it. */
  onStreamError(streamId: number, errorCode: number, reason: string): void
  /** A rule of the connection was broken (RFC 9113 §5.4.1). Told once; the parser has stopped. */
  onConnectionError(errorCode: number, reason: string): void
}
