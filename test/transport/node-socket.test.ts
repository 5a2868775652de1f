import net from 'node:net'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { dial } from '../../src/transport/node.ts'
import type { Transport } from '../../src/transport/transport.ts'
import { type Certificate, makeLeaf } from '../support/certificate.ts'
import {
  closeAll,
  options,
  plain,
  plainServer,
  Recorder,
  recorded,
  secure,
  tlsServer,
  track,
  written,
} from './loopback.ts'

let leaf: Certificate

beforeAll(async () => {
  leaf = await makeLeaf()
})

afterEach(closeAll)

type OnPeer = (socket: net.Socket) => void

async function dialPlain(onPeer: OnPeer): Promise<Transport> {
  return dial(plain(await plainServer(onPeer)), options())
}

async function dialTls(onPeer: OnPeer): Promise<Transport> {
  return dial(secure(await tlsServer(leaf, onPeer)), options({ tls: { ca: leaf.cert } }))
}

const KINDS: [string, (onPeer: OnPeer) => Promise<Transport>][] = [
  ['plain', dialPlain],
  ['TLS', dialTls],
]

/** Bytes that differ along the way. */
function pattern(length: number): Buffer {
  const bytes = Buffer.alloc(length)
  for (let i = 0; i < length; i++) bytes[i] = (i * 31 + (i >>> 8)) & 0xff
  return bytes
}

/** Resolves when the event loop was around once more, with all that was due then. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

/** Resolves with the end of the socket's data. */
function dataOf(socket: net.Socket): Promise<Buffer> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    socket.on('data', (chunk) => chunks.push(chunk))
    socket.on('end', () => resolve(Buffer.concat(chunks)))
  })
}

describe.each(KINDS)('a %s transport', (_kind, open) => {
  it('hands out the same memory for every chunk', async () => {
    const sent = pattern(1_000_000)
    const recorder = recorded(await open((socket) => socket.end(sent)))
    expect((await recorder.received(sent.length)).equals(sent)).toBe(true)
    expect(recorder.calls.length).toBeGreaterThan(10)
    expect(recorder.memory.size).toBe(1)
  })

  it('neither loses nor hands out what arrives before start', async () => {
    const sent = pattern(300_000)
    const transport = track(await open((socket) => socket.end(sent)))
    for (let i = 0; i < 20; i++) await turn()
    const recorder = new Recorder()
    transport.start(recorder)
    expect((await recorder.received(sent.length)).equals(sent)).toBe(true)
    await recorder.ended
    expect(recorder.data.length).toBe(sent.length)
  })

  it('does not let anyone start it twice', async () => {
    const transport = await open(() => {})
    recorded(transport)
    expect(() => transport.start(new Recorder())).toThrow('started before')
  })

  it('needs the memory of a write no more once it is done', async () => {
    let peer!: net.Socket
    const sent = pattern(4_000_000)
    const transport = await open((socket) => {
      peer = socket.pause()
      // Nothing is read until there is no room left on the way.
      setImmediate(() => socket.resume())
    })
    recorded(transport)
    while (peer === undefined) await turn()
    const arrived = dataOf(peer)
    const memory = new Uint8Array(100_000)
    for (let at = 0; at < sent.length; at += memory.length) {
      memory.set(sent.subarray(at, at + memory.length))
      await new Promise<void>((resolve) => transport.write(memory, resolve))
      memory.fill(0)
    }
    transport.end()
    expect((await arrived).equals(sent)).toBe(true)
  })

  it('takes one write at a time', async () => {
    const transport = await open(() => {})
    recorded(transport)
    transport.write(pattern(10), () => {})
    expect(() => transport.write(pattern(10), () => {})).toThrow('before the last one was done')
  })

  it('never calls done from within write', async () => {
    const transport = await open((socket) => socket.resume())
    recorded(transport)
    let inside = true
    await new Promise<void>((resolve) => {
      transport.write(pattern(10), () => {
        expect(inside).toBe(false)
        resolve()
      })
      inside = false
    })
  })

  it('can still write after the FIN of the peer, and closes when both are done', async () => {
    let arrived!: Promise<Buffer>
    const transport = await open((socket) => {
      arrived = dataOf(socket)
      socket.end('last words')
    })
    const recorder = recorded(transport)
    await recorder.ended
    await turn()
    expect(recorder.calls).not.toContain('closed')
    await written(transport, 'still ')
    await written(transport, 'here')
    transport.end()
    expect(String(await arrived)).toBe('still here')
    expect(await recorder.closed).toBeUndefined()
    expect(recorder.calls).toEqual(['chunk', 'end', 'closed'])
  })

  it('still reads after its own FIN', async () => {
    const transport = await open((socket) => {
      socket.resume().on('end', () => socket.end('answer'))
    })
    const recorder = recorded(transport)
    transport.end()
    expect(String(await recorder.received(6))).toBe('answer')
    expect(await recorder.closed).toBeUndefined()
  })

  it('drops silently what is written after end and after close', async () => {
    let arrived!: Promise<Buffer>
    const transport = await open((socket) => {
      arrived = dataOf(socket)
      socket.on('end', () => socket.end())
    })
    const recorder = recorded(transport)
    const unexpected = () => expect.unreachable()
    transport.end()
    transport.end()
    transport.write(pattern(10), unexpected)
    expect(await recorder.closed).toBeUndefined()
    transport.write(pattern(10), unexpected)
    transport.end()
    expect((await arrived).length).toBe(0)
  })

  it('closes once, and reports nothing after destroy', async () => {
    const transport = await open((socket) => socket.write(pattern(200_000)))
    const recorder = new Recorder()
    const onChunk = recorder.onChunk.bind(recorder)
    recorder.onChunk = (chunk) => {
      onChunk(chunk)
      transport.destroy()
    }
    transport.start(recorder)
    expect(await recorder.closed).toBeUndefined()
    transport.destroy()
    await turn()
    expect(recorder.calls).toEqual(['chunk', 'closed'])
  })

  it('tells of a close that came before start', async () => {
    const transport = await open(() => {})
    transport.destroy()
    for (let i = 0; i < 5; i++) await turn()
    const recorder = new Recorder()
    transport.start(recorder)
    expect(await recorder.closed).toBeUndefined()
    expect(recorder.calls).toEqual(['closed'])
  })

  it('does not call done if it closes first', async () => {
    const transport = await open((socket) => socket.pause())
    const recorder = recorded(transport)
    transport.write(pattern(20_000_000), () => expect.unreachable())
    transport.destroy()
    await recorder.closed
    await turn()
  })

  it('keeps the process alive unless told otherwise', async () => {
    const alive = () => process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length
    const transport = await open(() => {})
    recorded(transport)
    await turn()
    const before = alive()
    transport.unref()
    expect(alive()).toBe(before - 1)
    transport.ref()
    expect(alive()).toBe(before)
  })
})

describe('a transport that breaks', () => {
  it('plain: a reset is told with the error of the runtime', async () => {
    let peer: net.Socket | undefined
    const transport = await dialPlain((socket) => {
      peer = socket.on('error', () => {})
      socket.write('x')
    })
    await resetBy(transport, () => peer)
  })

  it('TLS: a reset is told with the error of the runtime', async () => {
    const behind = await tlsServer(leaf, (socket) => socket.write('x'))
    let peer: net.Socket | undefined
    const port = await plainServer((socket) => {
      peer = socket
      socket.pipe(track(net.connect(behind, '127.0.0.1'))).pipe(socket)
    })
    await resetBy(await dial(secure(port), options({ tls: { ca: leaf.cert } })), () => peer)
  })

  async function resetBy(transport: Transport, peer: () => net.Socket | undefined): Promise<void> {
    const recorder = recorded(transport)
    await recorder.received(1)
    peer()?.resetAndDestroy()
    expect(await recorder.closed).toMatchObject({ code: 'ECONNRESET' })
    await turn()
    expect(recorder.calls).toEqual(['chunk', 'closed'])
  }
})

describe('a peer that leaves', () => {
  it.each<[string, (peer: net.Socket) => void]>([
    ['with a reset', (peer) => peer.resetAndDestroy()],
    ['without reading on', (peer) => peer.destroy()],
  ])('%s is heard to its last word, though writing to it fails', async (_how, leave) => {
    let peer!: net.Socket
    const transport = await dialPlain((socket) => {
      peer = socket
    })
    const recorder = recorded(transport)
    while (peer === undefined) await turn()
    const heard = recorder.received(10)
    let writes = 0
    // All in one turn: the words are in the system's memory when the write fails.
    peer.write('last words')
    leave(peer)
    const write = (): void => {
      writes += 1
      transport.write(pattern(100), write)
    }
    write()
    expect(String(await heard)).toBe('last words')
    const error = await recorder.closed
    expect(error).toMatchObject({ code: expect.stringMatching(/^(?:EPIPE|ECONNRESET)$/) })
    expect(recorder.calls.at(-1)).toBe('closed')
    expect(writes).toBeLessThan(5)
  })

  it('and whose reader has stopped is read when the reader goes on', async () => {
    let peer!: net.Socket
    const transport = await dialPlain((socket) => {
      peer = socket
    })
    const recorder = recorded(transport)
    while (peer === undefined) await turn()
    transport.pause!()
    peer.write('last words')
    peer.resetAndDestroy()
    transport.write(pattern(100), () => {})
    for (let i = 0; i < 20; i++) await turn()
    transport.resume!()
    expect(String(await recorder.received(10))).toBe('last words')
    await recorder.closed
  })

  it.each(['TLSv1.3', 'TLSv1.2'] as const)('by an alert of %s is told apart from an end', async (version) => {
    const server = { ...leaf, requestCert: true, rejectUnauthorized: true, maxVersion: version }
    const port = await tlsServer(server)
    const told = dial(secure(port), options({ tls: { ca: leaf.cert } })).then(
      (transport) => recorded(transport).closed,
      (error: unknown) => error,
    )
    const reason =
      version === 'TLSv1.3'
        ? /^transport failed: .*certificate required .*; the server wants a client certificate/
        : /handshake failure/
    expect(await told).toMatchObject({
      code: 'H2_TLS',
      initiator: 'peer',
      retryable: false,
      message: expect.stringMatching(reason),
      cause: { code: expect.stringMatching(/^ERR_SSL_.*ALERT/) },
    })
  })

  it('by an alert is not said to have ended', async () => {
    const port = await tlsServer({ ...leaf, requestCert: true, rejectUnauthorized: true })
    const recorder = recorded(await dial(secure(port), options({ tls: { ca: leaf.cert } })))
    await recorder.closed
    expect(recorder.calls).toEqual(['closed'])
  })
})
