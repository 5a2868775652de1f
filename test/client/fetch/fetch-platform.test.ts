/** Where a `fetch` has to do as the platform's does, and only who looks closely sees it. */
import { getEventListeners } from 'node:events'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, it, test } from 'vitest'
import { settled } from '../../support/virtual-clock.ts'
import { answering, failure, Origins } from './fetch-origins.ts'

const URL_A = 'https://a.test/'

/** A stream that says why it was cancelled. */
function told(): { stream: ReadableStream<Uint8Array>; reasons: unknown[] } {
  const reasons: unknown[] = []
  const stream = new ReadableStream<Uint8Array>({
    cancel(reason) {
      reasons.push(reason)
    },
  })
  return { stream, reasons }
}

it.each(['append', 'delete', 'set'] as const)(
  'the fields of a response: no %s (Fetch §5.1)',
  async (name) => {
    const response = await answering({ headers: { 'x-own': '1' } }).fetch(URL_A)
    for (const { headers } of [response, response.clone()]) {
      expect(() => headers[name]('x-own', '2')).toThrow(TypeError)
      expect(headers.get('x-own')).toBe('1')
    }
    const own = new Headers(response.headers)
    own.set('x-own', '2')
    expect([own.get('x-own'), Object.keys(response.headers)]).toEqual(['2', []])
  },
)

test('a stream of which somebody has read is no body (Fetch §5.2)', async () => {
  const body = new Blob(['abc']).stream()
  const reader = body.getReader()
  await reader.read()
  reader.releaseLock()
  const origins = answering({})
  const error = await failure(origins.fetch(URL_A, { method: 'POST', body, duplex: 'half' }))
  expect(error).toBeInstanceOf(TypeError)
  expect(origins.sent).toEqual([])
})

it.each<[string, (body: ReadableStream) => Parameters<Origins['fetch']>]>([
  ['init', (body) => [URL_A, { method: 'POST', body, duplex: 'half' }]],
  ['a Request', (body) => [new Request(URL_A, { method: 'POST', body, duplex: 'half' } as RequestInit)]],
])('the body of %s is cancelled where the signal is aborted already (Fetch §5.6)', async (_what, make) => {
  const { stream, reasons } = told()
  const [input, init] = make(stream)
  const reason = new Error('gone')
  await failure(answering({}).fetch(input, { ...init, signal: AbortSignal.abort(reason) }))
  await settled()
  expect(reasons).toEqual([reason])
})

test('streams that were dropped unread leave nothing on their signal', async () => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const { signal } = new AbortController()
  const origins = answering({ body: 'abc' })
  for (let i = 0; i < 10; i++) void (await origins.fetch(URL_A, { signal })).body
  expect(getEventListeners(signal, 'abort').length).toBe(1)
  for (let i = 0; i < 50 && getEventListeners(signal, 'abort').length > 0; i++) {
    collect()
    await settled()
  }
  expect(getEventListeners(signal, 'abort')).toEqual([])
})

test('a body that nobody pulls ends with its signal (Fetch §5.6)', async () => {
  const controller = new AbortController()
  const response = await answering({ body: 'abc' }).fetch(URL_A, { signal: controller.signal })
  const clone = response.clone()
  const reason = new Error('gone')
  const ends = [response, clone].map(({ body }) => failure(body!.getReader().closed))
  controller.abort(reason)
  expect(await Promise.all(ends)).toEqual([reason, reason])
})

test('a body that was read does not', async () => {
  const controller = new AbortController()
  const response = await answering({ body: 'abc' }).fetch(URL_A, { signal: controller.signal })
  const reader = response.body!.getReader()
  while (!(await reader.read()).done);
  controller.abort()
  await reader.closed
})

test('the body of a Request is sent again behind a redirect, however long, if it was in one piece', async () => {
  const origins = new Origins(async (request) =>
    request.path === '/' ? { status: 307, headers: { location: '/next' } } : { body: await request.text() },
  )
  const body = 'x'.repeat(300_000)
  const response = await origins.fetch(new Request(URL_A, { method: 'POST', body }))
  expect(await response.text()).toBe(body)
})
