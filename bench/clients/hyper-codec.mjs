/** HPACK and the frame codec of this repository, without a connection. */
import { load } from './built.mjs'

const { Decoder, Encoder } = await load('hpack/index.js')
const { FrameParser, OutputBuffer, writeData, writeHeaders, writeWindowUpdate } = await load('frame/index.js')

const PARTS = 3
const MAX_FRAME_SIZE = 16_384

/** Counts frames; every call of the parser's sink that is not named does nothing. */
class Counter {
  frames = 0

  onHeaders() {
    this.frames++
  }

  onDataStart() {}

  onData(_streamId, _buf, _start, _end, last) {
    if (last) this.frames++
  }

  onWindowUpdate() {
    this.frames++
  }

  onConnectionError(_code, reason) {
    throw new Error(reason)
  }

  onStreamError(_streamId, _code, reason) {
    throw new Error(reason)
  }
}

export function open() {
  const encoder = new Encoder()
  const decoder = new Decoder()
  const counter = new Counter()
  const parser = new FrameParser(counter)
  return {
    encode: (fields) => encoder.encode(fields),
    decode: (block) => decoder.decode(block),
    /** Writes a third each of HEADERS, DATA and WINDOW_UPDATE, and returns their bytes. */
    serialize(count, block, content) {
      const out = new OutputBuffer()
      for (let i = 0; i < count / PARTS; i++) {
        const id = 2 * i + 1
        writeHeaders(out, id, block, false, MAX_FRAME_SIZE)
        writeData(out, id, content, 0, content.length, true)
        writeWindowUpdate(out, 0, content.length)
      }
      return out.bytes.subarray(out.start, out.end)
    },
    /** Returns how many frames the bytes were. */
    parse(bytes) {
      const before = counter.frames
      parser.receive(bytes)
      return counter.frames - before
    },
  }
}
