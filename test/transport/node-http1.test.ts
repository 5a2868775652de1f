import net from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { chunksOf, memoryPair } from '../../src/transport/memory.ts'
import { http1 } from '../../src/transport/node-http1.ts'
import { NodeSocket } from '../../src/transport/node-socket.ts'
import type { Transport, TransportHandler } from '../../src/transport/transport.ts'
import { settled } from '../support/virtual-clock.ts'
import { lost, OK, Pair, Teller, TOLD_OK } from './http1-link.ts'
import { closeAll, plainServer } from './loopback.ts'

afterEach(closeAll)

describe('a request', () => {
  it('is sent as it was given, and the next on the same connection', async () => {
    const pair = new Pair()
    pair.ask('GET', ['host', 'a.test', 'b', '1', 'a', '2', 'b', '3', 'connection', 'keep-alive'])
    await settled()
    expect(pair.received).toBe(
      'GET / HTTP/1.1\r\nhost: a.test\r\nb: 1\r\na: 2\r\nb: 3\r\nconnection: keep-alive\r\n\r\n',
    )
    await pair.say(OK)
    pair.received = ''
    const head = ['host', 'a.test', 'connection', 'keep-alive', 'transfer-encoding', 'chunked']
    const request = pair.ask('POST', head, false)
    request.write(Buffer.from('abc'), () => {})
    request.end(['x', '1', 'x', '2'])
    await settled()
    expect(pair.received).toBe(
      'POST / HTTP/1.1\r\nhost: a.test\r\nconnection: keep-alive\r\ntransfer-encoding: chunked\r\n\r\n' +
        '3\r\nabc\r\n0\r\nx: 1\r\nx: 2\r\n\r\n',
    )
    await pair.say(OK)
    expect(pair.told).toEqual(['sent', ...TOLD_OK, 'free', 'sent', ...TOLD_OK, 'free'])
  })

  it('can be made as soon as the link is free', async () => {
    const pair = new Pair()
    const onFree = pair.onFree.bind(pair)
    let asked = 1
    pair.onFree = () => {
      onFree()
      if (asked++ < 2) pair.ask()
    }
    pair.ask()
    await settled()
    await pair.say(OK)
    await pair.say(OK)
    expect(pair.told).toEqual(['sent', ...TOLD_OK, 'free', 'sent', ...TOLD_OK, 'free'])
  })

  it('fails when the peer has ended, though it does not read', async () => {
    const pair = new Pair()
    pair.server.pause()
    const fields = ['host', 'a', 'content-length', '9', 'connection', 'keep-alive']
    pair.ask('POST', fields, false).write(Buffer.from('abc'), () => expect.fail('nobody reads'))
    await settled()
    await pair.say('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc')
    await pair.hangUp()
    expect(pair.told).toEqual([
      'sent',
      '1.1 200 content-length,5',
      'data abc',
      lost(true),
      'failure lost',
      'closed',
    ])
  })

  it('leaves nothing behind on the connection', async () => {
    const warnings: string[] = []
    const warned = ({ message }: Error): void => void warnings.push(message)
    process.on('warning', warned)
    const pair = new Pair()
    for (let i = 0; i < 12; i++) {
      pair.ask()
      await settled()
      await pair.say(OK)
    }
    process.off('warning', warned)
    expect(pair.told.filter((line) => line === 'free')).toHaveLength(12)
    // Listeners that pile up are warned of.
    expect(warnings).toEqual([])
  })

  it('sends its head before its content is there, and frees the link only when it is complete', async () => {
    const pair = new Pair()
    const request = pair.ask('POST', ['host', 'a', 'content-length', '4', 'connection', 'keep-alive'], false)
    await settled()
    expect(pair.received).toMatch(/keep-alive\r\n\r\n$/)
    await pair.say(OK)
    expect(pair.told).toEqual(['sent', ...TOLD_OK])
    request.write(Buffer.from('abcd'), () => {})
    request.end([])
    await settled()
    expect(pair.told).toEqual(['sent', ...TOLD_OK, 'free'])
  })

  it('tells nothing of it once the link is destroyed, and never within a call', async () => {
    const pair = new Pair()
    pair.ask()
    pair.link.destroy()
    expect(pair.told).toEqual([])
    await settled()
    expect(pair.told).toEqual(['closed'])
  })
})

describe('the end', () => {
  it('of an idle connection is told, whoever begins', async () => {
    const theirs = new Pair()
    await theirs.hangUp()
    expect(theirs.told).toEqual([lost(false), 'closed'])
    const ours = new Pair()
    ours.link.end()
    await settled()
    expect([ours.peerEnded, ours.told]).toEqual([true, [lost(false), 'closed']])
  })

  it('of a transport that broke before it was started is told after `start` returned', async () => {
    const [client] = memoryPair()
    client.fail(new Error('reset'))
    const teller = new Teller()
    http1(client).start(teller)
    expect(teller.told).toEqual([])
    await settled()
    expect(teller.told).toEqual([lost(false), 'closed'])
  })

  it('hands on what is in memory, though the reader paused', async () => {
    const pair = new Pair()
    const request = pair.ask()
    request.pause()
    await settled()
    await pair.say(`HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nabc`)
    expect(pair.told).toEqual(['sent', '1.1 200 connection,close last'])
    await pair.hangUp()
    expect(pair.told.slice(2)).toEqual(['data abc', 'end ', lost(false), 'closed'])
  })

  it('does not take what the reader has not read, though it paused', async () => {
    const pair = new Pair(1000)
    const request = pair.ask()
    request.pause()
    await settled()
    await pair.say(
      `HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 300000\r\n\r\n${'a'.repeat(300_000)}`,
    )
    expect(pair.octets).toBe(0)
    request.resume()
    await pair.hangUp()
    for (let i = 0; i < 50; i++) await settled()
    expect(pair.octets).toBe(300_000)
    expect(pair.told.slice(-3)).toEqual(['end ', lost(false), 'closed'])
  })
})

/** Resolves once `value` has not changed for a while of turns. */
async function still(value: () => number): Promise<number> {
  let last = -1
  for (let quiet = 0; quiet < 200; quiet++) {
    await settled()
    if (value() !== last) quiet = 0
    last = value()
  }
  return last
}

describe('back-pressure', () => {
  it('of the reader stops the peer, over TCP', async () => {
    const total = 32 * 1024 * 1024
    let sent = 0
    const port = await plainServer((socket) => {
      socket.once('data', () => {
        socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${total}\r\n\r\n`)
        const piece = Buffer.alloc(65_536)
        const more = (): void => {
          while (sent < total) {
            sent += piece.length
            if (!socket.write(piece)) return void socket.once('drain', more)
          }
        }
        more()
      })
    })
    const transport = new NodeSocket((onread) => net.connect({ port, host: '127.0.0.1', onread }))
    const teller = new Teller()
    const link = http1(transport)
    link.start(teller)
    const head = { method: 'GET', target: '/', fields: ['host', 'a'], maxHeadSize: 65_536 }
    const request = link.request(head, true, teller)
    request.pause()
    await still(() => link.bytesReceived)
    // What the kernel holds is not ours; what we hold is a few reads.
    expect(link.bytesReceived).toBeLessThan(512 * 1024)
    expect(sent).toBeLessThan(total)
    request.resume()
    while (teller.octets < total) await settled()
    link.destroy()
    await still(() => teller.told.length)
    expect(teller.told.at(-1)).toBe('closed')
  })

  it.each([false, true])(
    'without `pause` of the transport keeps what arrives, though it ended: %s',
    async (ends) => {
      const [client, server] = memoryPair({ cut: chunksOf(65_536) })
      let handler: TransportHandler | undefined
      const plain: Transport = {
        alpn: undefined,
        info: {},
        start: (given) => {
          handler = given
          client.start(given)
        },
        write: (chunk, done) => client.write(chunk, done),
        end: () => client.end(),
        destroy: () => client.destroy(),
        ref() {},
        unref() {},
      }
      server.start({ onChunk() {}, onEnd() {}, onClosed() {} })
      const teller = new Teller()
      const link = http1(plain)
      link.start(teller)
      const head = { method: 'GET', target: '/', fields: ['host', 'a'], maxHeadSize: 65_536 }
      const request = link.request(head, true, teller)
      request.pause()
      await settled()
      const body = Buffer.alloc(1_000_000, 'a')
      server.write(
        Buffer.concat([Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n'), body]),
        () => {},
      )
      await settled()
      expect(teller.octets).toBe(0)
      if (ends) {
        handler!.onEnd()
        handler!.onClosed(undefined)
      } else request.resume()
      await still(() => teller.octets)
      expect(teller.octets).toBe(1_000_000)
      expect(teller.told.slice(3)).toEqual(ends ? ['end ', lost(false), 'closed'] : ['end ', 'free'])
    },
  )
})
