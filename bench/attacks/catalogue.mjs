/**
 * The attacks that a server can make on a client, each as the frames it sends.
 *
 * An attack has a `name`; `frames(ids)`, a generator of what is sent, where
 * `ids()` names the oldest stream that was not named yet; and, if it needs them,
 *
 * - `refill`: the owner opens a request for each that ends, as a busy client does;
 * - `drain: false`: the attacker does not read what we answer;
 * - `uploads`: the requests have content to send;
 * - `initialWindow`: INITIAL_WINDOW_SIZE in the attacker's first SETTINGS;
 * - `cancelled`: so many requests more, which the owner has cancelled;
 * - `options` of the connection, `refusePushes`, and `maxFrames`.
 */
import * as w from './wire.mjs'

const INITIAL_WINDOW_SIZE = 0x4
const MAX_WINDOW = 0x7fffffff

function always(...frames) {
  return function* () {
    for (;;) yield* frames
  }
}

function eachStream(make) {
  return function* (ids) {
    for (;;) yield make(ids())
  }
}

const oneStream = (make) =>
  function* (ids) {
    const one = make(ids())
    yield w.headers(1, w.STATUS_200)
    for (;;) yield one
  }

/** First a response that fills the table, then one that refers to it `references` times, on each stream. */
function bomb(name, value, references) {
  return function* (ids) {
    const refer = Buffer.concat([w.STATUS_200, Buffer.alloc(references, w.NEWEST)])
    const fill = Buffer.concat([w.STATUS_200, w.literal(name, value, 0x40)])
    yield w.headers(ids(), fill, w.END_HEADERS | w.END_STREAM)
    for (;;) yield w.headers(ids(), refer, w.END_HEADERS | w.END_STREAM)
  }
}

function continuations(first, fragment, count, flags = w.END_STREAM) {
  return function* (ids) {
    for (;;) {
      const id = ids()
      const parts = [w.frame(w.HEADERS, flags, id, first)]
      for (let i = 1; i <= count; i++) {
        parts.push(w.frame(w.CONTINUATION, i === count ? w.END_HEADERS : 0, id, fragment))
      }
      yield* parts
    }
  }
}

function* endlessContinuations(ids, fragment) {
  const id = ids()
  yield w.frame(w.HEADERS, 0, id, Buffer.concat([w.STATUS_200, fragment]))
  for (;;) yield w.frame(w.CONTINUATION, 0, id, fragment)
}

const promised = Buffer.concat([
  Buffer.of(0x82, 0x87, 0x84), // GET, https, /
  w.literal(':authority', 'a.test'),
])

function promise(block) {
  return function* (ids) {
    const id = ids()
    for (let even = 2; ; even += 2) {
      yield w.frame(w.PUSH_PROMISE, w.END_HEADERS, id, Buffer.concat([w.uint32(even), block]))
    }
  }
}

const bigField = w.literal('x', 'x'.repeat(16_000))
const push = { enablePush: true }

export const attacks = [
  // Field sections.
  {
    name: 'HPACK bomb: one entry of 4,000 octets, referred to 60 times',
    refill: true,
    frames: bomb('x', 'x'.repeat(3960), 60),
  },
  { name: 'HPACK bomb: referred to 16,000 times', refill: true, frames: bomb('x', 'x'.repeat(3960), 16_000) },
  { name: 'tiny fields, 7,000 by one octet each', refill: true, frames: bomb('a', '', 7000) },
  { name: 'cookie crumbs, 250 by one octet each', refill: true, frames: bomb('cookie', 'a', 250) },
  {
    name: 'fields without name or value, 250',
    refill: true,
    frames: eachStream((id) => {
      const empty = Buffer.alloc(750)
      return w.headers(id, Buffer.concat([w.STATUS_200, empty]))
    }),
  },
  { name: 'CONTINUATION without end, full', frames: (ids) => endlessContinuations(ids, bigField) },
  { name: 'CONTINUATION without end, empty', frames: (ids) => endlessContinuations(ids, Buffer.alloc(0)) },
  {
    name: 'CONTINUATION, eight full ones, again and again',
    refill: true,
    frames: continuations(Buffer.concat([w.STATUS_200, bigField]), bigField, 8),
  },
  {
    name: 'CONTINUATION, eight empty ones, again and again',
    refill: true,
    frames: continuations(w.STATUS_200, Buffer.alloc(0), 8),
  },
  {
    name: 'informational responses, nine to each request',
    refill: true,
    frames: function* (ids) {
      const early = Buffer.concat([w.literal(':status', '103'), w.literal('link', '</a.css>;rel=preload')])
      for (;;) {
        const id = ids()
        for (let i = 0; i < 9; i++) yield w.headers(id, early)
      }
    },
  },
  // Answers.
  { name: 'PING, answers not read', drain: false, frames: always(w.frame(w.PING, 0, 0, Buffer.alloc(8))) },
  { name: 'PING, answers read', frames: always(w.frame(w.PING, 0, 0, Buffer.alloc(8))) },
  { name: 'SETTINGS, answers not read', drain: false, frames: always(w.settings()) },
  { name: 'SETTINGS, answers read', frames: always(w.settings()) },
  {
    name: 'SETTINGS with 32 entries',
    frames: always(w.settings(...new Array(32).fill([INITIAL_WINDOW_SIZE, 1]))),
  },
  {
    name: 'SETTINGS with 2,400 entries',
    frames: always(w.settings(...new Array(2400).fill([INITIAL_WINDOW_SIZE, 1]))),
  },
  {
    name: 'HEADER_TABLE_SIZE to and fro',
    frames: always(w.settings([0x1, 0]), w.settings([0x1, 4096])),
  },
  {
    name: 'INITIAL_WINDOW_SIZE to and fro',
    frames: always(w.settings([INITIAL_WINDOW_SIZE, 0]), w.settings([INITIAL_WINDOW_SIZE, MAX_WINDOW])),
  },
  {
    name: 'INITIAL_WINDOW_SIZE 0 again and again, uploads waiting',
    uploads: true,
    initialWindow: 0,
    frames: always(w.settings([INITIAL_WINDOW_SIZE, 0])),
  },
  {
    name: 'INITIAL_WINDOW_SIZE to and fro, credit left by closed streams',
    refill: true,
    initialWindow: 0,
    frames: function* (ids) {
      for (;;) {
        const id = ids()
        yield w.frame(w.WINDOW_UPDATE, 0, id, w.uint32(1))
        yield w.frame(w.RST_STREAM, 0, id, w.uint32(8))
        yield w.settings([INITIAL_WINDOW_SIZE, MAX_WINDOW])
        yield w.settings([INITIAL_WINDOW_SIZE, 0])
      }
    },
  },
  // Resets.
  {
    name: 'RST_STREAM for each request',
    refill: true,
    frames: eachStream((id) => w.frame(w.RST_STREAM, 0, id, w.uint32(8))),
  },
  {
    name: 'invalid frames that make us reset',
    refill: true,
    frames: eachStream((id) => w.frame(w.WINDOW_UPDATE, 0, id, w.uint32(0))),
  },
  {
    name: 'DATA for cancelled requests',
    cancelled: 1000,
    frames: eachStream((id) => w.frame(w.DATA, 0, id % 2000, Buffer.alloc(100))),
  },
  {
    name: 'HEADERS for cancelled requests',
    cancelled: 1000,
    frames: eachStream((id) => w.headers(id % 2000, w.STATUS_200)),
  },
  // Content.
  { name: 'DATA without content', frames: oneStream((id) => w.frame(w.DATA, 0, id)) },
  { name: 'DATA of one octet', frames: oneStream((id) => w.frame(w.DATA, 0, id, Buffer.alloc(1))) },
  {
    name: 'DATA of one octet, 255 of padding',
    frames: oneStream((id) =>
      w.frame(w.DATA, w.PADDED, id, Buffer.concat([Buffer.of(255), Buffer.alloc(256)])),
    ),
  },
  {
    name: 'DATA of padding alone',
    frames: oneStream((id) =>
      w.frame(w.DATA, w.PADDED, id, Buffer.concat([Buffer.of(15), Buffer.alloc(15)])),
    ),
  },
  {
    name: 'DATA without content, and PING, behind each octet of it',
    frames: function* (ids) {
      const id = ids()
      yield w.headers(1, w.STATUS_200)
      for (;;) {
        yield w.frame(w.DATA, 0, id, Buffer.alloc(1))
        yield w.frame(w.DATA, 0, id)
        yield w.frame(w.PING, 0, 0, Buffer.alloc(8))
      }
    },
  },
  {
    name: 'DATA for a response that is complete',
    frames: function* (ids) {
      const id = ids()
      yield w.headers(id, w.STATUS_200, w.END_HEADERS | w.END_STREAM)
      for (;;) yield w.frame(w.DATA, 0, id, Buffer.alloc(700))
    },
  },
  {
    name: 'HEADERS for a response that is complete',
    frames: function* (ids) {
      const id = ids()
      for (;;) yield w.headers(id, w.STATUS_200, w.END_HEADERS | w.END_STREAM)
    },
  },
  {
    name: 'PRIORITY of a wrong length behind each response',
    refill: true,
    frames: function* (ids) {
      for (;;) {
        const id = ids()
        yield w.headers(id, w.STATUS_200, w.END_HEADERS | w.END_STREAM)
        yield w.frame(w.PRIORITY, 0, id, Buffer.alloc(4))
      }
    },
  },
  {
    name: 'WINDOW_UPDATE of 1 for a stream',
    frames: (ids) => always(w.frame(w.WINDOW_UPDATE, 0, ids(), w.uint32(1)))(),
  },
  {
    name: 'WINDOW_UPDATE of 1 for the connection',
    frames: always(w.frame(w.WINDOW_UPDATE, 0, 0, w.uint32(1))),
  },
  {
    name: 'WINDOW_UPDATE of 1, uploads waiting',
    uploads: true,
    initialWindow: 0,
    frames: function* (_ids, streams) {
      for (let i = 0; ; i++) yield w.frame(w.WINDOW_UPDATE, 0, 1 + 2 * (i % streams), w.uint32(1))
    },
  },
  // Frames that mean nothing here.
  {
    name: 'PRIORITY',
    frames: eachStream((id) => w.frame(w.PRIORITY, 0, id, Buffer.of(0, 0, 0, 0, 16))),
  },
  { name: 'frames of an unknown type, empty', frames: always(w.frame(0xbb, 0, 0)) },
  { name: 'frames of an unknown type, full', frames: always(w.frame(0xbb, 0, 0, Buffer.alloc(16_384))) },
  { name: 'ORIGIN, full', frames: always(w.frame(w.ORIGIN, 0, 0, Buffer.alloc(16_384))) },
  { name: 'ALTSVC, full', frames: always(w.frame(w.ALTSVC, 0, 0, Buffer.alloc(16_384))) },
  // Pushes.
  { name: 'PUSH_PROMISE, push disabled', frames: promise(promised) },
  { name: 'PUSH_PROMISE, taken', options: push, frames: promise(promised) },
  { name: 'PUSH_PROMISE, malformed', options: push, frames: promise(Buffer.of(0x82)) },
  {
    name: 'PUSH_PROMISE, refused by the owner, answers not read',
    maxFrames: 20_000,
    options: push,
    refusePushes: true,
    drain: false,
    frames: promise(promised),
  },
  // GOAWAY.
  {
    name: 'GOAWAY, the same again and again',
    frames: always(w.frame(w.GOAWAY, 0, 0, w.uint32(MAX_WINDOW, 0))),
  },
  {
    name: 'GOAWAY with 16 KiB of debug data',
    frames: always(w.frame(w.GOAWAY, 0, 0, Buffer.concat([w.uint32(MAX_WINDOW, 0), Buffer.alloc(16_000)]))),
  },
  {
    name: 'GOAWAY that takes back one stream at a time',
    frames: function* (_ids, streams) {
      for (let last = 2 * streams + 20_000; last > 0; last -= 1) {
        yield w.frame(w.GOAWAY, 0, 0, w.uint32(last, 0))
      }
    },
  },
]
