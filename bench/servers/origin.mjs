/**
 * A `node:http2` server for what nghttpd cannot do: fields that are new in each
 * response, JSON, calls of gRPC, uploads that are hashed, requests that stay
 * open. It serves the files as well, where nghttpd is missing.
 * usage: origin.mjs ADDRESS PORT KEY CERT ROOT
 */
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { createSecureServer } from 'node:http2'
import { join } from 'node:path'
import { FILES } from '../content.mjs'
import { answer, newResponseFields } from '../workloads/messages.mjs'

const [address, port, key, cert, root] = process.argv.slice(2)
const WINDOW = 16 * 1024 * 1024
const files = new Map()

const server = createSecureServer({
  key: readFileSync(key),
  cert: readFileSync(cert),
  maxSessionMemory: 10_000,
  settings: { maxConcurrentStreams: 20_000, initialWindowSize: WINDOW },
})
server.on('session', (session) => {
  session.setLocalWindowSize(WINDOW)
  session.on('error', () => {})
})
server.on('stream', (stream, headers) => {
  stream.on('error', () => {})
  const path = headers[':path']
  if (path === '/fields') fields(stream, headers)
  else if (path === '/json') json(stream)
  else if (path === '/bench.Echo/Say') say(stream)
  else if (path === '/hash') hash(stream)
  else if (path === '/hold') stream.on('close', () => held.delete(stream)) && held.add(stream)
  else if (path === '/held') respond(stream, Buffer.from(String(held.size)))
  else file(stream, path)
})
server.listen(Number(port), address, () => console.log('ready'))

/** Requests that are never answered. */
const held = new Set()
let answered = 0

function respond(stream, body) {
  if (stream.destroyed) return
  stream.respond({ ':status': 200, 'content-length': String(body.length) })
  stream.end(body)
}

function fields(stream, headers) {
  stream.respond(newResponseFields(answered++, headers['x-new-0']))
  stream.end('ok')
}

/** Gives the request's content to `answer`, unless the client has gone by then: the next one still needs this server. */
function received(stream, answer) {
  const chunks = []
  stream.on('data', (chunk) => chunks.push(chunk))
  stream.on('end', () => stream.destroyed || answer(Buffer.concat(chunks)))
}

const ANSWER = Buffer.from(JSON.stringify(answer()))

function json(stream) {
  received(stream, (content) => {
    JSON.parse(content.toString())
    stream.respond({
      ':status': 200,
      'content-type': 'application/json',
      'content-length': String(ANSWER.length),
    })
    stream.end(ANSWER)
  })
}

/** A flag and four octets of length stand before each message. */
const PREFIX = 5

/** The call of gRPC over HTTP/2 that answers a message, uncompressed, with the same. */
function say(stream) {
  received(stream, (message) => {
    const whole = message.length >= PREFIX && message.readUInt32BE(1) === message.length - PREFIX
    const status = whole && message[0] === 0 ? '0' : '13'
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': status }))
    stream.respond({ ':status': 200, 'content-type': 'application/grpc+proto' }, { waitForTrailers: true })
    stream.end(message)
  })
}

function hash(stream) {
  const sum = createHash('sha256')
  stream.on('data', (chunk) => sum.update(chunk))
  stream.on('end', () => respond(stream, Buffer.from(sum.digest('hex'))))
}

function file(stream, path) {
  if (!(path in FILES) || !existsSync(join(root, path))) {
    stream.respond({ ':status': 404 }, { endStream: true })
    return
  }
  if (!files.has(path)) files.set(path, readFileSync(join(root, path)))
  stream.resume()
  stream.on('end', () => respond(stream, files.get(path)))
}
