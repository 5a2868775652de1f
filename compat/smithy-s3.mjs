// runtimes: 20 22 24 26
// @aws-sdk/client-s3 over hyper-h2/smithy, against a stand-in of S3 that speaks HTTP/2.
import assert from 'node:assert/strict'
import { constants } from 'node:http2'
import { Readable } from 'node:stream'
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import { isSigned } from './aws-signature.mjs'
import { report } from './checks.mjs'
import { adapter } from './hyper.mjs'
import { startSecure } from './servers.mjs'

const { HyperHttpHandler } = await adapter('smithy')
const credentials = { accessKeyId: 'made', secretAccessKey: 'up' }
const BIG = Buffer.alloc(3_000_000, 'abcdefg')

const objects = new Map()
const seen = []
let unsigned = 0
let closed
const bucket = await startSecure(undefined, {}, (server) => {
  server.on('checkContinue', () => {})
  server.on('stream', (stream, headers) => serve(stream, headers).catch((error) => stream.destroy(error)))
})

async function serve(stream, headers) {
  stream.on('error', () => {})
  stream.on('close', () => closed?.(stream.rstCode))
  seen.push(headers)
  if (!isSigned(headers, credentials.secretAccessKey, false)) unsigned += 1
  const path = headers[':path'].split('?')[0]
  if (path.endsWith('/refused') && refusals-- > 0) return stream.close(constants.NGHTTP2_REFUSED_STREAM)
  if (path.endsWith('/busy') && refusals-- > 0) return answer(stream, 503, error('ServiceUnavailable'))
  if (path.endsWith('/hang')) return
  if (headers[':method'] === 'PUT') return put(stream, headers, path)
  if (headers[':method'] === 'DELETE') return answer(stream, 204)
  if (path === '/bucket' || path === '/bucket/') return answer(stream, 200, listing(headers))
  const object = objects.get(path)
  if (object === undefined) return answer(stream, 404, error('NoSuchKey'))
  stream.respond({ ':status': 200, 'content-length': object.content.length, 'content-type': object.type })
  stream.end(headers[':method'] === 'HEAD' ? undefined : object.content)
}

let refusals = 0
let expected = false

async function put(stream, headers, path) {
  if (headers.expect === '100-continue') {
    if (path.endsWith('/unwanted')) return answer(stream, 403, error('AccessDenied'))
    expected = true
    stream.additionalHeaders({ ':status': 100 })
  }
  const pieces = []
  for await (const piece of stream) pieces.push(piece)
  const coded = headers['content-encoding']?.includes('aws-chunked') === true
  const content = coded ? unchunked(Buffer.concat(pieces)) : Buffer.concat(pieces)
  objects.set(path, { content, type: headers['content-type'] })
  stream.respond({ ':status': 200, etag: '"0"' })
  stream.end()
}

function unchunked(coded) {
  const pieces = []
  for (let at = 0; ; ) {
    const end = coded.indexOf('\r\n', at)
    const size = Number.parseInt(coded.subarray(at, end).toString(), 16)
    if (size === 0) return Buffer.concat(pieces)
    pieces.push(coded.subarray(end + 2, end + 2 + size))
    at = end + 2 + size + 2
  }
}

function answer(stream, status, text = '') {
  stream.respond({ ':status': status, 'content-type': 'application/xml' })
  stream.end(text)
}

const error = (code) => `<?xml version="1.0"?><Error><Code>${code}</Code><Message>made up</Message></Error>`
const listing = (headers) =>
  `<?xml version="1.0"?><ListBucketResult><Name>bucket</Name><Prefix>${new URLSearchParams(
    headers[':path'].split('?')[1],
  ).get('prefix')}</Prefix></ListBucketResult>`

function connect(options = {}, more = {}) {
  return new S3Client({
    region: 'eu-west-1',
    endpoint: bucket.origin,
    forcePathStyle: true,
    credentials,
    requestHandler: new HyperHttpHandler({ tls: { ca: bucket.cert }, ...options }),
    ...more,
  })
}

const Bucket = 'bucket'
const s3 = connect()
const upload = (Key, Body, more) => s3.send(new PutObjectCommand({ Bucket, Key, Body, ...more }))
const get = async (Key) => (await s3.send(new GetObjectCommand({ Bucket, Key }))).Body
const stored = (key) => objects.get(`/bucket/${key}`)?.content

async function* pieces(content, size) {
  for (let at = 0; at < content.length; at += size) yield content.subarray(at, at + size)
}

const checks = {
  async 'put and get text'() {
    await upload('text', 'hello', { ContentType: 'text/x-mine' })
    assert.equal(objects.get('/bucket/text').type, 'text/x-mine')
    assert.equal(await (await get('text')).transformToString(), 'hello')
  },
  async 'put text without a type: none is made up for what was signed'() {
    await upload('typeless', 'hello')
    assert.notEqual(objects.get('/bucket/typeless').type, 'text/plain;charset=UTF-8')
  },
  async 'put bytes'() {
    await upload('bytes', BIG)
    assert.deepEqual(stored('bytes'), BIG)
  },
  async 'put a stream of known length'() {
    await upload('known', Readable.from(pieces(BIG, 50_000)), { ContentLength: BIG.length })
    assert.deepEqual(stored('known'), BIG)
  },
  async 'put a stream of unknown length: in chunks, checksum behind'() {
    await upload('unknown', Readable.from(pieces(BIG, 70_000)))
    assert.deepEqual(stored('unknown'), BIG)
    assert.equal(seen.at(-1)['transfer-encoding'], undefined)
  },
  async 'put a Web stream, and a Blob'() {
    // The SDK cannot make a checksum of these on Node.
    const client = connect({}, { requestChecksumCalculation: 'WHEN_REQUIRED' })
    const ofStream = Readable.toWeb(Readable.from(pieces(BIG, 50_000)))
    for (const Body of [ofStream, new Blob([BIG])]) {
      await client.send(new PutObjectCommand({ Bucket, Key: 'web', Body, ContentLength: BIG.length }))
      assert.deepEqual(stored('web'), BIG)
      objects.delete('/bucket/web')
    }
    client.destroy()
  },
  async 'a large body waits for 100 (Continue)'() {
    expected = false
    await upload('large', BIG)
    assert.equal(expected, seen.at(-1).expect === '100-continue')
    assert.ok(expected)
  },
  async 'a large body that is not wanted is not sent'() {
    await assert.rejects(upload('unwanted', BIG), { name: 'AccessDenied' })
  },
  async 'get as a Node stream'() {
    const content = []
    for await (const piece of await get('bytes')) content.push(piece)
    assert.deepEqual(Buffer.concat(content), BIG)
  },
  async 'get as a Web stream'() {
    const content = []
    for await (const piece of (await get('bytes')).transformToWebStream()) content.push(piece)
    assert.deepEqual(Buffer.concat(content), BIG)
  },
  async 'get as bytes'() {
    assert.deepEqual(Buffer.from(await (await get('bytes')).transformToByteArray()), BIG)
  },
  async 'get through a slow reader'() {
    let length = 0
    for await (const piece of await get('bytes')) {
      length += piece.length
      await new Promise((resolve) => setImmediate(resolve))
    }
    assert.equal(length, BIG.length)
  },
  async 'many at a time, on one connection'() {
    const before = bucket.connections
    await Promise.all(Array.from({ length: 200 }, (_, index) => upload(`many/${index}`, `${index}`)))
    const texts = await Promise.all(
      Array.from({ length: 200 }, async (_, index) => (await get(`many/${index}`)).transformToString()),
    )
    assert.deepEqual(texts, Object.keys(texts))
    assert.ok(bucket.connections - before <= 1)
  },
  async 'a key of all sorts, as it was signed'() {
    const key = "a/../b/./c d'(e)*!~+&=?é%2F"
    await upload(key, 'odd')
    assert.ok(seen.at(-1)[':path'].startsWith('/bucket/a/../b/./c%20d'))
    assert.equal(await (await get(key)).transformToString(), 'odd')
  },
  async 'a query'() {
    const { Prefix } = await s3.send(new ListObjectsV2Command({ Bucket, Prefix: 'a b/+&é' }))
    assert.equal(Prefix, 'a b/+&é')
  },
  async 'head and delete'() {
    const { ContentLength } = await s3.send(new HeadObjectCommand({ Bucket, Key: 'bytes' }))
    assert.equal(ContentLength, BIG.length)
    await s3.send(new DeleteObjectCommand({ Bucket, Key: 'bytes' }))
  },
  async 'an error of the service'() {
    await assert.rejects(get('missing'), { name: 'NoSuchKey' })
  },
  async 'again after REFUSED_STREAM, and after 503'() {
    refusals = 5
    await upload('refused', 'at last')
    assert.equal(stored('refused').toString(), 'at last')
    refusals = 1
    await upload('busy', 'at last')
    assert.equal(stored('busy').toString(), 'at last')
  },
  async 'every request was signed as it was sent'() {
    assert.equal(unsigned, 0)
  },
  async 'signing host in place of :authority'() {
    const client = connect({ handlerProtocol: 'http/1.1' })
    await client.send(new PutObjectCommand({ Bucket, Key: 'host', Body: 'x' }))
    assert.match(seen.at(-1).authorization, /SignedHeaders=[^,]*host/)
    assert.equal(unsigned, 0)
    client.destroy()
  },
  async 'a time limit'() {
    const client = connect({ requestTimeout: 100 }, { maxAttempts: 1 })
    await assert.rejects(client.send(new GetObjectCommand({ Bucket, Key: 'hang' })), { name: 'TimeoutError' })
    client.destroy()
  },
  async 'aborted before the response'() {
    const reset = new Promise((resolve) => {
      closed = resolve
    })
    const controller = new AbortController()
    const answer = s3.send(new GetObjectCommand({ Bucket, Key: 'hang' }), { abortSignal: controller.signal })
    setTimeout(() => controller.abort(), 50)
    await assert.rejects(answer, { name: 'AbortError' })
    assert.equal(await reset, constants.NGHTTP2_CANCEL)
    closed = undefined
  },
  async 'aborted in the body'() {
    const controller = new AbortController()
    const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key: 'large' }), {
      abortSignal: controller.signal,
    })
    await assert.rejects(
      (async () => {
        for await (const _ of Body) controller.abort()
      })(),
      { name: 'AbortError' },
    )
  },
  async 'a body that is left'() {
    const Body = await get('large')
    for await (const _ of Body) break
    assert.ok(Body.destroyed)
  },
  async 'a source that fails'() {
    async function* broken() {
      yield Buffer.alloc(10)
      throw new Error('no more')
    }
    const source = Readable.from(broken())
    await assert.rejects(upload('broken', source, { ContentLength: 100 }), /no more/)
  },
  async 'nobody there'() {
    const client = connect({}, { endpoint: 'https://localhost:1', maxAttempts: 2 })
    await assert.rejects(client.send(new HeadObjectCommand({ Bucket, Key: 'x' })), (error) => {
      assert.equal(error.cause.code, 'H2_CONNECT')
      assert.equal(error.$metadata.attempts, 2)
      return true
    })
    client.destroy()
  },
}

await report('@aws-sdk/client-s3', 'hyper-h2/smithy', Object.entries(checks))
s3.destroy()
await bucket.close()
