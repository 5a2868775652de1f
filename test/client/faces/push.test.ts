import { describe, expect, it, test } from 'vitest'
import { HTTP20Connection, type HTTP20Push, HTTPConnection } from '../../../src/index.ts'
import { settled } from '../../support/virtual-clock.ts'
import {
  block,
  concat,
  data,
  END_HEADERS,
  frame,
  PUSH_PROMISE,
  response,
  rstStream,
  uint32,
} from '../../support/wire.ts'
import { codeOf, Pair } from '../session/peer.ts'

function promise(
  parentId: number,
  promisedId: number,
  path: string,
  ...others: [string, string][]
): Uint8Array {
  const fields: [string, string][] = [
    [':method', 'GET'],
    [':scheme', 'https'],
    [':authority', 'a.test'],
    [':path', path],
    ['accept', '*/*'],
    ...others,
  ]
  return frame(PUSH_PROMISE, END_HEADERS, parentId, concat(uint32(promisedId), block(fields)))
}

async function pushing(): Promise<{ pair: Pair; stream: ReturnType<Pair['connection']['request']> }> {
  const pair = await Pair.open({ enablePush: true })
  const stream = pair.connection.request('GET', '/')
  await settled()
  return { pair, stream }
}

async function pathsOf(pushes: AsyncIterable<HTTP20Push>): Promise<string[]> {
  const paths: string[] = []
  for await (const push of pushes) paths.push(push.path)
  return paths
}

describe('server push (RFC 9113 §8.4)', () => {
  test('a push has the request, the response and its body', async () => {
    const { pair, stream } = await pushing()
    await pair.wire.send(promise(1, 2, '/style.css', ['x(y)', 'z']), response(2, 200), data(2, 'css', true))
    const { value: push } = await pair.connection.getPushes(stream).next()
    expect(push).toMatchObject({
      method: 'GET',
      scheme: 'https',
      authority: 'a.test',
      path: '/style.css',
      streamId: 2,
    })
    expect([...push!.requestHeaders.keys()]).toEqual(['accept'])
    expect(await (await push!.getResponse()).text()).toBe('css')
    expect(pair.connection.stats.streamsOpen).toBe(1)
  })

  it.each([
    ['after they came', false],
    ['before they came', true],
  ])('those of a stream, asked for %s, end with its response', async (_, early) => {
    const { pair, stream } = await pushing()
    pair.connection.request('GET', '/other')
    await settled()
    const before = early ? pathsOf(pair.connection.getPushes(stream)) : undefined
    await pair.wire.send(promise(1, 2, '/a'), promise(3, 4, '/not'), promise(1, 6, '/b'))
    await pair.wire.send(response(1, 200, true))
    expect(await (before ?? pathsOf(pair.connection.getPushes(stream)))).toEqual(['/a', '/b'])
  })

  test('each is given out once, whoever waits for it', async () => {
    const { pair, stream } = await pushing()
    const ofStream = pair.connection.getPushes(stream)
    const ofAll = pair.connection.getPushes()
    const first = ofStream.next()
    await pair.wire.send(promise(1, 2, '/a'), promise(1, 4, '/b'))
    expect((await first).value!.path).toBe('/a')
    expect((await ofAll.next()).value!.path).toBe('/b')
    const third = ofAll.next()
    await pair.wire.send(promise(1, 6, '/c'), response(1, 200, true))
    expect((await third).value!.path).toBe('/c')
    expect((await ofStream.next()).done).toBe(true)
  })

  test('a stream that fails ends them too', async () => {
    const { pair, stream } = await pushing()
    const paths = pathsOf(pair.connection.getPushes(stream))
    await pair.wire.send(promise(1, 2, '/a'), rstStream(1, 2))
    expect(await paths).toEqual(['/a'])
  })

  test('those of the connection, until it closes; each is given out once', async () => {
    const { pair, stream } = await pushing()
    await pair.wire.send(promise(1, 2, '/a'), promise(1, 4, '/b'))
    const all = pathsOf(pair.connection.getPushes())
    await settled()
    await pair.wire.send(promise(1, 6, '/c'), response(1, 200, true))
    expect(await pathsOf(pair.connection.getPushes(stream))).toEqual([])
    pair.connection.destroy()
    expect(await all).toEqual(['/a', '/b', '/c'])
  })

  test('cancel: RST_STREAM with CANCEL, and the push rejects', async () => {
    const { pair, stream } = await pushing()
    await pair.wire.send(promise(1, 2, '/a'))
    const { value: push } = await pair.connection.getPushes(stream).next()
    push!.cancel()
    expect(await codeOf(push!.getResponse())).toBe('H2_STREAM_CANCELLED')
    await settled()
    expect(pair.wire.resets).toEqual([[2, 8]])
  })

  test('leaving the iteration leaves the others', async () => {
    const { pair, stream } = await pushing()
    await pair.wire.send(promise(1, 2, '/a'), promise(1, 4, '/b'), response(1, 200, true))
    for await (const push of pair.connection.getPushes(stream)) {
      expect(push.path).toBe('/a')
      break
    }
    expect(await pathsOf(pair.connection.getPushes(stream))).toEqual(['/b'])
  })

  test('more than a hundred that nobody asks for are refused', async () => {
    const { pair } = await pushing()
    for (let i = 1; i <= 101; i++) {
      await pair.wire.send(promise(1, 2 * i, `/${i}`), response(2 * i, 200, true))
    }
    expect(pair.wire.resets).toEqual([[202, 8]])
  })

  test('without enablePush it is a connection error (RFC 9113 §6.6)', async () => {
    const pair = await Pair.open()
    const stream = pair.connection.request('GET', '/')
    await settled()
    await pair.wire.send(promise(1, 2, '/a'))
    expect(await codeOf(stream.response)).toBe('H2_CONNECTION_ERROR')
  })
})

test.each([HTTP20Connection, HTTPConnection])('%o without enablePush has no pushes to give', (Connection) => {
  const connection = new Connection('https://a.test')
  expect(() => connection.getPushes()).toThrow(/^getPushes needs the option enablePush: true$/)
})
