/**
 * The kinds of rows on a tape: what the wire carried, and what only the client
 * knows. Numbers are what a file holds, so they never change their meaning; a
 * reader passes over kinds that it does not know.
 *
 * A row has a time, a connection (0: none yet), a subject and a value. What
 * subject and value are, each kind says.
 */
export const Kind = {
  /** A frame left. Subject: the stream; value: octets of its payload. */
  SENT: 1,
  /** A frame came: of DATA its beginning, of others its end. Subject and value as above. */
  RECEIVED: 2,
  /** The last octet of a DATA frame that came in pieces. Subject: the stream; value: octets since the row before. */
  REST: 3,
  /** Content that left; the octets are kept with the row. Subject: the stream. */
  CONTENT_SENT: 4,
  /** Content that came; the octets are kept with the row. Subject: the stream. */
  CONTENT_RECEIVED: 5,

  /** A request was asked for. Subject: the request; text: its method and URL, secrets left out. */
  CALLED: 10,
  /** It waits for a connection, or for a stream on one. Subject: the request. */
  WAITS: 11,
  /** It was given to the connection. Subject: the request. */
  CARRIED: 12,
  /** Its HEADERS are being sent. Subject: the request; value: the stream. */
  OPENED: 13,
  /** The application gave content. Subject: the request; value: octets. */
  OFFERED: 14,
  /** The application gave the last of its content. Subject: the request. */
  OFFER_ENDED: 15,
  /** The application took content of the response. Subject: the request; value: octets. */
  READ: 16,
  /** It will be sent again. Subject: the request; text: why. */
  RESENT: 17,
  /** It is over. Subject: the request; value: 0, or 1 if it failed; text: why. */
  SETTLED: 18,
  /** The head of the response came, where no frame tells of it: over HTTP/1.1. Subject: the request; value: the status. */
  RESPONDED: 19,
  /** A request was asked for, and its HEADERS are being sent at once. Subject: the request; value: the stream. */
  STARTED: 20,

  /** A dial began. Text: the origin. */
  DIAL: 30,
  /** A step of the dial is done. Value: microseconds that it took; text: its name. */
  DIAL_STEP: 31,
  /** The connection stands. Text: JSON of what is known of it. */
  DIALLED: 32,
  /** The connection is over, or the dial failed. Value: 0, or 1 if it failed; text: why. */
  CLOSED: 33,
  /** The socket takes no more. */
  BLOCKED: 34,
  /** The socket takes more. */
  WRITABLE: 35,
  /** The event loop was busy until now. Value: microseconds. */
  LAG: 36,
  /** A round trip was measured. Value: microseconds. */
  ROUND_TRIP: 37,
  /** A window manager chose another size. Subject: the stream, 0 for the connection; value: octets. */
  WINDOW: 38,
} as const

/** What followed a frame at once: bits of the row's mark. */
export const Mark = {
  /** The application took the content. */
  READ: 0x1,
  /** The request is over. */
  SETTLED: 0x2,
} as const

/** True for kinds whose subject is a request. */
export function concernsRequest(kind: number): boolean {
  return kind >= Kind.CALLED && kind <= Kind.STARTED
}

/** True for a frame, whichever way it went. */
export function isFrame(kind: number): boolean {
  return kind === Kind.SENT || kind === Kind.RECEIVED
}
