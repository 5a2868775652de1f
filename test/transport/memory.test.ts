import { describe, expect, it } from 'vitest'
import { chunksOf, type MemoryTransport, memoryPair } from '../../src/transport/memory.ts'
import { Recorder, recorded, written } from './loopback.ts'

/** Resolves when all microtasks have run. */
function quiet(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

const never = () => expect.unreachable()

describe('a pair in memory', () => {
  it('carries bytes both ways, and says what it was told to say', async () => {
    const [client, server] = memoryPair({ alpn: 'h2', info: { remotePort: 443 } })
    const atClient = recorded(client)
    const atServer = recorded(server)
    await written(client, 'question')
    await written(server, 'answer')
    expect(String(atServer.data)).toBe('question')
    expect(String(atClient.data)).toBe('answer')
    expect([client.alpn, server.alpn, client.info.remotePort]).toEqual(['h2', 'h2', 443])
  })

  it('never delivers, and is never done, within the call', async () => {
    const [client, server] = memoryPair()
    const atServer = recorded(server)
    recorded(client)
    let done = false
    client.write(Buffer.from('x'), () => {
      done = true
    })
    client.end()
    client.destroy()
    expect([atServer.calls, done]).toEqual([[], false])
    await quiet()
    expect(atServer.calls).toEqual(['chunk', 'end'])
  })

  it('does not recurse when peers answer each other without end', async () => {
    const [client, server] = memoryPair()
    const message = Buffer.from('x')
    let left = 50_000
    let depth = 0
    let deepest = 0
    const answering = (transport: MemoryTransport) => ({
      onChunk: () => {
        deepest = Math.max(deepest, ++depth)
        if (left-- > 0) transport.write(message, () => {})
        depth--
      },
      onEnd: never,
      onClosed: never,
    })
    client.start(answering(client))
    server.start(answering(server))
    client.write(message, () => {})
    await quiet()
    expect([left, deepest]).toEqual([-1, 1])
  })

  it('keeps what arrives before start', async () => {
    const [client, server] = memoryPair()
    recorded(client)
    let done = false
    client.write(Buffer.from('early'), () => {
      done = true
    })
    client.end()
    await quiet()
    expect(done).toBe(false)
    const atServer = recorded(server)
    await atServer.ended
    expect(String(atServer.data)).toBe('early')
    expect(() => server.start(new Recorder())).toThrow('started before')
  })

  it('only lends a chunk', async () => {
    const [client, server] = memoryPair()
    let kept: Uint8Array | undefined
    server.start({
      onChunk: (chunk) => {
        expect(String(Buffer.from(chunk))).toBe('x')
        kept = chunk
      },
      onEnd() {},
      onClosed() {},
    })
    recorded(client)
    await written(client, 'x')
    expect(kept?.[0]).not.toBe(0x78)
  })

  it('takes one write at a time', async () => {
    const [client, server] = memoryPair()
    recorded(client)
    recorded(server)
    client.write(Buffer.from('a'), () => {})
    expect(() => client.write(Buffer.from('b'), () => {})).toThrow('before the last one was done')
  })

  it('says whether it keeps the process alive', () => {
    const [client] = memoryPair()
    client.unref()
    expect(client.referenced).toBe(false)
    client.ref()
    expect(client.referenced).toBe(true)
  })
})

describe('the cut', () => {
  it('makes chunks of one byte', async () => {
    const [client, server] = memoryPair({ cut: chunksOf(1) })
    const atServer = recorded(server)
    recorded(client)
    await written(client, 'abc')
    expect(atServer.calls).toEqual(['chunk', 'chunk', 'chunk'])
    expect(String(atServer.data)).toBe('abc')
  })

  it('may break the connection in the middle', async () => {
    const error = new Error('cut')
    const [client, server] = memoryPair({
      cut: function* (chunk, to) {
        yield chunk.subarray(0, 2)
        to.fail(error)
        yield chunk.subarray(2)
      },
    })
    const atServer = recorded(server)
    const atClient = recorded(client)
    client.write(Buffer.from('abcd'), never)
    expect(await atServer.closed).toBe(error)
    expect(await atClient.closed).toBe(error)
    expect(String(atServer.data)).toBe('ab')
    await quiet()
    expect(atServer.calls).toEqual(['chunk', 'closed'])
    expect(atClient.calls).toEqual(['closed'])
  })
})

describe('the end', () => {
  it('of one side leaves the other open until it ends too', async () => {
    const [client, server] = memoryPair()
    const atClient = recorded(client)
    const atServer = recorded(server)
    client.end()
    client.write(Buffer.from('late'), never)
    await atServer.ended
    await written(server, 'still here')
    expect(atServer.calls).toEqual(['end'])
    server.end()
    expect(await atClient.closed).toBeUndefined()
    expect(await atServer.closed).toBeUndefined()
    expect(atClient.calls).toEqual(['chunk', 'end', 'closed'])
    expect(atServer.calls).toEqual(['end', 'closed'])
  })

  it('of both sides at once closes both', async () => {
    const [client, server] = memoryPair()
    const sides = [recorded(client), recorded(server)]
    client.end()
    server.end()
    await quiet()
    for (const side of sides) expect(side.calls).toEqual(['end', 'closed'])
  })

  it('by destroy closes here at once, and is a FIN there', async () => {
    const [client, server] = memoryPair()
    const atClient = recorded(client)
    const atServer = recorded(server)
    client.destroy()
    client.destroy()
    client.write(Buffer.from('late'), never)
    await quiet()
    expect(atClient.calls).toEqual(['closed'])
    expect(atServer.calls).toEqual(['end'])
    await written(server, 'to no one')
    server.end()
    expect(await atServer.closed).toBeUndefined()
    expect(atClient.calls).toEqual(['closed'])
  })

  it('that came before start is told after it', async () => {
    const [client] = memoryPair()
    client.destroy()
    await quiet()
    const atClient = recorded(client)
    expect(await atClient.closed).toBeUndefined()
    expect(atClient.calls).toEqual(['closed'])
  })
})

describe('a slow reader', () => {
  it('leaves the write undone until it takes it', async () => {
    const [client, server] = memoryPair()
    const atServer = recorded(server)
    recorded(client)
    server.pause()
    let done = false
    client.write(Buffer.from('x'), () => {
      done = true
    })
    await quiet()
    expect([atServer.calls, done]).toEqual([[], false])
    server.resume()
    await quiet()
    expect([atServer.calls, done]).toEqual([['chunk'], true])
  })
})
