/** Request content as undici sends it: forms, announced lengths, fields that stand once, 100 (Continue). */

import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { Readable } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { type DispatchOptions, HyperDispatcher } from '../../src/adapters/undici.ts'
import { data, goaway, headers, MemoryOrigin, ScriptedPeer } from '../../src/testing/index.ts'
import { settled, VirtualClock } from '../support/virtual-clock.ts'
import { Recorder } from './recorder.ts'

/** RFC 9113 §6.1. */
const DATA = 0

const POST = { origin: 'https://a.test', path: '/', method: 'POST' } as const

/** What arrives of such a request. */
async function arrived(options: Partial<DispatchOptions>, watch = false) {
  const texts: string[] = []
  const origin = new MemoryOrigin(async (request) => {
    texts.push(await request.text())
    return {}
  })
  const dispatcher = new HyperDispatcher({ transport: origin.dial })
  const told = new Recorder('new')
  const sent: string[] = []
  const watcher = {
    onBodySent: (chunk: unknown) => void sent.push(Buffer.from(chunk as Uint8Array).toString()),
    onRequestSent: () => void sent.push('all'),
  }
  dispatcher.dispatch({ ...POST, ...options }, watch ? { ...told.handler, ...watcher } : told.handler)
  await told.over
  await dispatcher.close()
  expect(told.errors).toEqual([])
  return { fields: origin.requests[0]!.headers, text: texts[0]!, sent }
}

function form(): FormData {
  const made = new FormData()
  made.append('a', 'b')
  made.append('f', new File(['content'], 'f.txt'))
  return made
}

describe.each([
  ['alone', false],
  ['with somebody watching', true],
])('%s', (_what, watch) => {
  test('a form is sent as one', async () => {
    const { fields, text, sent } = await arrived({ body: form() }, watch)
    const boundary = /^multipart\/form-data; boundary=(.+)$/.exec(fields.get('content-type') ?? '')?.[1]
    expect(boundary).toBeDefined()
    expect(text).toContain(`--${boundary}`)
    expect(text).toMatch(/name="a"\r\n\r\nb\r\n/)
    expect(text).toMatch(/filename="f.txt"[\s\S]*content/)
    if (watch) expect(sent.join('')).toBe(`${text}all`)
  })

  test('search parameters are a form of text', async () => {
    const body = new URLSearchParams([['a b', 'ä']])
    const { fields, text } = await arrived({ body }, watch)
    expect(text).toBe('a+b=%C3%A4')
    expect(fields.get('content-type')).toBe('application/x-www-form-urlencoded;charset=UTF-8')
    expect(fields.get('content-length')).toBe('10')
  })
})

test('a form beneath a subscribed channel is sent as one', async () => {
  const heard: unknown[] = []
  const hear = (message: unknown): void => void heard.push(message)
  subscribe('undici:request:bodyChunkSent', hear)
  try {
    const { text } = await arrived({ body: form() })
    expect(text).toMatch(/filename="f.txt"[\s\S]*content/)
    expect(heard).not.toHaveLength(0)
  } finally {
    unsubscribe('undici:request:bodyChunkSent', hear)
  }
})

describe('no content', () => {
  test.each([
    ['POST', '0'],
    ['PUT', '0'],
    ['PATCH', '0'],
    ['QUERY', '0'],
    ['PROPFIND', '0'],
    ['PROPPATCH', '0'],
    ['GET', null],
    ['DELETE', null],
    ['OPTIONS', null],
  ])('of %s: content-length %s', async (method, length) => {
    for (const body of ['', null, Buffer.alloc(0), new Blob([])]) {
      expect((await arrived({ method, body })).fields.get('content-length')).toBe(length)
    }
  })

  test('what is announced as empty, and is, ends with its head (RFC 9113 §8.1)', async () => {
    const peer = new ScriptedPeer()
    const dispatcher = new HyperDispatcher({ transport: peer.dial })
    const told = new Recorder('new')
    const fields = { 'content-length': '0' }
    dispatcher.dispatch({ ...POST, body: Readable.from([]), headers: fields }, told.handler)
    await peer.expect(headers(1).post('/').field('content-length', '0').endStream())
    peer.send(headers(1).status(204).endStream())
    await told.over
    await dispatcher.close()
  })
})

describe('a field that is no list stands once (RFC 9110 §5.3)', () => {
  test.each<[what: string, headers: DispatchOptions['headers']]>([
    ['in two cases', { 'content-type': 'a/b', 'Content-Type': 'a/b' }],
    ['as an array', { authorization: ['a', 'b'] }],
    ['in a flat list', ['range', 'bytes=0-1', 'range', 'bytes=2-3']],
  ])('%s', async (_what, fields) => {
    const dispatcher = new HyperDispatcher({ transport: () => Promise.reject(new Error('dialled')) })
    const told = new Recorder('new')
    dispatcher.dispatch({ ...POST, headers: fields }, told.handler)
    expect(told.error).toMatchObject({
      code: 'UND_ERR_INFO',
      cause: { code: 'ERR_HTTP2_HEADER_SINGLE_VALUE' },
    })
  })

  test('others may stand twice', async () => {
    expect((await arrived({ headers: { accept: ['a/b', 'c/d'] } })).fields.get('accept')).toBe('a/b, c/d')
  })
})

describe('expectContinue (RFC 9110 §10.1.1)', () => {
  async function held() {
    const peer = new ScriptedPeer()
    const clock = new VirtualClock()
    const dispatcher = new HyperDispatcher({ transport: peer.dial, clock, keepAlive: false })
    const told = new Recorder('new')
    dispatcher.dispatch({ ...POST, body: 'content', expectContinue: true }, told.handler)
    await peer.expect(headers(1).post('/').field('expect', '100-continue'))
    await peer.sync()
    expect(peer.connection.frames.some(({ type }) => type === DATA)).toBe(false)
    return { peer, clock, told, dispatcher }
  }

  test('the content is sent once the server asks for it', async () => {
    const { peer, told } = await held()
    peer.send(headers(1).status(100))
    await peer.expect(data(1, 'content'))
    await peer.expect(data(1, '').endStream())
    peer.send(headers(1).status(204).endStream())
    expect(await told.over).toBe('end')
    expect(told.calls).toEqual(['start', 'head', 'end'])
  })

  test('or after a second', async () => {
    const { peer, clock } = await held()
    await clock.advance(1_000)
    await peer.expect(data(1, 'content'))
  })

  test('and never, if the server has answered', async () => {
    const { peer, told, clock } = await held()
    peer.send(headers(1).status(417).endStream())
    expect(await told.over).toBe('end')
    await clock.advance(1_000)
    expect(told.heads[0]!.status).toBe(417)
  })
})

test('GOAWAY is told of once, when it comes, in undici’s words', async () => {
  const peer = new ScriptedPeer()
  const dispatcher = new HyperDispatcher({ transport: peer.dial })
  const told = new Recorder('new')
  const reasons: unknown[] = []
  dispatcher.on('disconnect', (_origin, _targets, error) => reasons.push(error))
  dispatcher.dispatch({ ...POST, method: 'GET' }, told.handler)
  await peer.expect(headers(1).get('/'))
  peer.send(goaway(1, 0))
  await settled()
  expect(reasons).toMatchObject([
    { code: 'UND_ERR_INFO', message: 'HTTP/2: "GOAWAY" frame received with code 0' },
  ])
  peer.send(headers(1).status(200).endStream())
  expect(await told.over).toBe('end')
  await dispatcher.close()
  expect(reasons).toHaveLength(1)
})

test('octets of the fields know their names, as those of undici’s HTTP/2', async () => {
  const origin = new MemoryOrigin(() => ({
    headers: [
      ['x-a', '1'],
      ['x-b', '2'],
      ['x-b', '3'],
      ['map', '4'],
    ],
  }))
  const dispatcher = new HyperDispatcher({ transport: origin.dial })
  const told = new Recorder('new')
  dispatcher.dispatch({ ...POST, method: 'GET' }, told.handler)
  await told.over
  const raw = told.controller!.rawHeaders as Buffer[] & Record<string, unknown>
  expect([raw['x-a'], raw['x-b']]).toEqual(['1', ['2', '3']])
  expect(raw.map(String)).toContain('x-a')
  await dispatcher.close()
})
