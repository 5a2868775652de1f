/**
 * What the runtime's TLS socket costs by itself: requests made of octets that
 * stand ready, responses of which only the frames' lengths, the status and the
 * end are looked at. No rule is checked and nothing is limited: it is no
 * client, it shows what lies under every client that is written in JavaScript.
 */
import { connect } from 'node:tls'

const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1')
const [DATA, HEADERS, SETTINGS, WINDOW_UPDATE] = [0, 1, 4, 8]
const END_STREAM = 0x1
const ACK = 0x1
const END_STREAM_AND_HEADERS = 0x5
const HEADER_SIZE = 9
const LARGEST_WINDOW = 0x7fffffff
/** `:status: 200` in the static table. */
const STATUS_200 = 0x88
/** Octets received after which the connection's window is filled up. */
const REFILL = 16 * 1024 * 1024
const READ_SIZE = 64 * 1024

export async function open(url, { ca }) {
  const { hostname: host, port, host: authority } = new URL(url)
  const streams = new Map()
  const header = Buffer.alloc(HEADER_SIZE)
  let filled = 0
  let left = 0
  let unread = 0
  let nextId = 1

  const buffer = new Uint8Array(READ_SIZE)
  const socket = connect({
    ...{ host, port: Number(port), ca, ALPNProtocols: ['h2'] },
    onread: { buffer, callback: (count) => received(count) },
  })
  await new Promise((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject))
  socket.setNoDelay(true)
  const settings = Buffer.from([0, 4, 0x7f, 0xff, 0xff, 0xff])
  const window = uint32(LARGEST_WINDOW - 65_535)
  socket.write(Buffer.concat([PREFACE, frame(SETTINGS, 0, 0, settings), frame(WINDOW_UPDATE, 0, 0, window)]))

  function received(count) {
    for (let at = 0; at < count; ) {
      if (filled < HEADER_SIZE) {
        header[filled++] = buffer[at++]
        if (filled === HEADER_SIZE) begin()
      } else {
        const end = Math.min(count, at + left)
        left -= end - at
        payload(at, end)
        at = end
      }
      if (filled === HEADER_SIZE && left === 0) finish()
    }
    return true
  }

  function begin() {
    left = header.readUIntBE(0, 3)
    if (header[3] === SETTINGS && header[4] !== ACK) socket.write(frame(SETTINGS, ACK, 0, Buffer.alloc(0)))
  }

  function payload(at, end) {
    const type = header[3]
    if (type !== DATA && type !== HEADERS) return
    const stream = streams.get(header.readUInt32BE(5))
    if (type === HEADERS) {
      stream.status ??= buffer[at] === STATUS_200 ? 200 : 0
      return
    }
    stream.onChunk(buffer.slice(at, end))
    unread += end - at
    if (unread >= REFILL) {
      socket.write(frame(WINDOW_UPDATE, 0, 0, uint32(unread)))
      unread = 0
    }
  }

  function finish() {
    filled = 0
    if (header[3] > HEADERS || (header[4] & END_STREAM) === 0) return
    const id = header.readUInt32BE(5)
    const stream = streams.get(id)
    streams.delete(id)
    stream.resolve(stream)
  }

  let waiting = []

  /** What is asked for in one turn leaves in one write. */
  function send(octets) {
    if (waiting.push(octets) > 1) return
    process.nextTick(() => {
      socket.write(waiting.length === 1 ? octets : Buffer.concat(waiting))
      waiting = []
    })
  }

  const request = (path, onChunk) =>
    new Promise((resolve) => {
      streams.set(nextId, { status: undefined, onChunk, resolve })
      send(frame(HEADERS, END_STREAM_AND_HEADERS, nextId, blockOf(authority, path)))
      nextId += 2
    })

  return {
    async get(path) {
      const chunks = []
      const { status } = await request(path, (chunk) => chunks.push(chunk))
      return { status, body: chunks.length === 1 ? chunks[0] : Buffer.concat(chunks) }
    },
    stream: request,
    close: () => socket.destroy(),
  }
}

const blocks = new Map()

/** Four fields, all of them literals or of the static table: the same octets every time. */
function blockOf(authority, path) {
  let block = blocks.get(path)
  if (block === undefined) {
    block = Buffer.concat([Buffer.from([0x82, 0x87]), literal(1, authority), literal(4, path)])
    blocks.set(path, block)
  }
  return block
}

const literal = (index, text) => Buffer.from([index, text.length, ...Buffer.from(text)])

function frame(type, flags, streamId, content) {
  const octets = Buffer.alloc(HEADER_SIZE + content.length)
  octets.writeUIntBE(content.length, 0, 3)
  octets[3] = type
  octets[4] = flags
  octets.writeUInt32BE(streamId, 5)
  octets.set(content, HEADER_SIZE)
  return octets
}

function uint32(value) {
  const octets = Buffer.alloc(4)
  octets.writeUInt32BE(value)
  return octets
}
