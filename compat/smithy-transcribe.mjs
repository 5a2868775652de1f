// runtimes: 20 22 24 26
// @aws-sdk/client-transcribe-streaming over hyper-h2/smithy: events in both directions at
// once, against a stand-in that speaks HTTP/2.
import assert from 'node:assert/strict'
import { constants } from 'node:http2'
import {
  StartStreamTranscriptionCommand,
  TranscribeStreamingClient,
} from '@aws-sdk/client-transcribe-streaming'
import { EventStreamCodec } from '@smithy/core/event-streams'
import { isSigned } from './aws-signature.mjs'
import { report } from './checks.mjs'
import { adapter } from './hyper.mjs'
import { startSecure } from './servers.mjs'

const { HyperHttpHandler } = await adapter('smithy')
const credentials = { accessKeyId: 'made', secretAccessKey: 'up' }
const codec = new EventStreamCodec(
  (bytes) => Buffer.from(bytes).toString(),
  (text) => Buffer.from(text),
)

let closed
let unsigned = 0
const service = await startSecure(undefined, {}, (server) => {
  server.on('stream', (stream, headers) => {
    stream.on('error', () => {})
    stream.on('close', () => closed?.(stream.rstCode))
    transcribe(stream, headers)
  })
})

const text = (value) => ({ type: 'string', value })

function event(type, body, kind = 'event') {
  const headers = {
    ':message-type': text(kind),
    [`:${kind}-type`]: text(type),
    ':content-type': text('application/json'),
  }
  return codec.encode({ headers, body: Buffer.from(JSON.stringify(body)) })
}

/** Says what it heard, event for event; an empty event is the end. */
function transcribe(stream, headers) {
  if (!isSigned(headers, credentials.secretAccessKey, true)) unsigned += 1
  stream.respond({ ':status': 200, 'content-type': 'application/vnd.amazon.eventstream' })
  let rest = Buffer.alloc(0)
  stream.on('end', () => stream.end())
  stream.on('data', (piece) => {
    rest = Buffer.concat([rest, piece])
    while (rest.length >= 4 && rest.length >= rest.readUInt32BE(0)) {
      const signed = codec.decode(rest.subarray(0, rest.readUInt32BE(0)))
      rest = rest.subarray(rest.readUInt32BE(0))
      assert.ok(signed.headers[':chunk-signature'])
      if (signed.body.length === 0) continue
      const { body, headers: inner } = codec.decode(signed.body)
      assert.equal(inner[':event-type'].value, 'AudioEvent')
      hear(stream, Buffer.from(body).toString())
    }
  })
}

function hear(stream, heard) {
  const Results = [{ Alternatives: [{ Transcript: heard }] }]
  if (heard === 'fail') stream.end(event('BadRequestException', { Message: 'too quiet' }, 'exception'))
  else if (heard === 'cut') stream.destroy(new Error('cut'))
  else stream.write(event('TranscriptEvent', { Transcript: { Results } }))
}

const handler = new HyperHttpHandler({ tls: { ca: service.cert } })
const client = new TranscribeStreamingClient({
  region: 'eu-west-1',
  endpoint: service.origin,
  credentials,
  requestHandler: handler,
})

const start = (AudioStream, options) =>
  client.send(
    new StartStreamTranscriptionCommand({
      LanguageCode: 'en-GB',
      MediaEncoding: 'pcm',
      MediaSampleRateHertz: 16_000,
      AudioStream,
    }),
    options,
  )

/** All that the service says, for streams that fail: some do before the first event is there. */
async function drain(AudioStream, options, onEvent = () => {}) {
  const { TranscriptResultStream } = await start(AudioStream, options)
  for await (const one of TranscriptResultStream) onEvent(one)
}

const audio = (heard) => ({ AudioEvent: { AudioChunk: Buffer.from(heard) } })
const transcriptOf = ({ TranscriptEvent }) => TranscriptEvent.Transcript.Results[0].Alternatives[0].Transcript

/** Speaks each sentence after the one before was heard. */
function speaker(sentences, stays = false) {
  let heard
  const state = { left: false, next: () => heard?.() }
  state.audio = (async function* () {
    try {
      for (const sentence of sentences) {
        const answered = new Promise((resolve) => {
          heard = resolve
        })
        yield audio(sentence)
        await answered
      }
      if (stays)
        await new Promise((resolve) => {
          heard = resolve
        })
    } finally {
      state.left = true
    }
  })()
  return state
}

const checks = {
  async 'event for event'() {
    const sentences = Array.from({ length: 20 }, (_, index) => `sentence ${index}`)
    const { audio: source, next } = speaker(sentences)
    const heard = []
    const { TranscriptResultStream } = await start(source)
    for await (const one of TranscriptResultStream) {
      heard.push(transcriptOf(one))
      next()
    }
    assert.deepEqual(heard, sentences)
  },
  async 'a flood, and several streams at a time on one connection'() {
    const before = service.connections
    async function* flood() {
      for (let index = 0; index < 200; index++) yield audio(`${index} ${'x'.repeat(8_000)}`)
    }
    const one = async () => {
      let count = 0
      const { TranscriptResultStream } = await start(flood())
      for await (const _ of TranscriptResultStream) count += 1
      return count
    }
    assert.deepEqual(await Promise.all([one(), one(), one()]), [200, 200, 200])
    assert.ok(service.connections - before <= 1)
  },
  async 'an exception among the events'() {
    await assert.rejects(drain(speaker(['fail']).audio), { name: 'BadRequestException' })
  },
  async 'a stream that is cut'() {
    await assert.rejects(drain(speaker(['cut']).audio), ({ cause }) => {
      assert.equal(cause.errorName, 'INTERNAL_ERROR')
      return true
    })
  },
  async 'aborted in the middle: the server sees CANCEL, the source ends'() {
    const reset = new Promise((resolve) => {
      closed = resolve
    })
    const controller = new AbortController()
    const source = speaker(['a', 'b'], true)
    const heard = (one) => {
      if (transcriptOf(one) === 'b') controller.abort()
      source.next()
    }
    const answer = drain(source.audio, { abortSignal: controller.signal }, heard)
    await assert.rejects(answer, { name: 'AbortError' })
    assert.equal(await reset, constants.NGHTTP2_CANCEL)
    source.next()
    await new Promise((resolve) => setImmediate(resolve))
    assert.ok(source.left)
    closed = undefined
  },
  async 'every request was signed as it was sent'() {
    assert.equal(unsigned, 0)
  },
}

await report('@aws-sdk/client-transcribe-streaming', 'hyper-h2/smithy', Object.entries(checks))
client.destroy()
await service.close()
