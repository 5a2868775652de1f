import { mkdtempSync, rmSync } from 'node:fs'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it, test, vi } from 'vitest'
import { dial } from '../../src/transport/node.ts'
import {
  closeAll,
  options,
  plain,
  plainServer,
  recorded,
  rejection,
  secure,
  track,
  written,
} from './loopback.ts'

afterEach(closeAll)

/** A port that nobody listens on. */
async function freePort(): Promise<number> {
  const server = net.createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as net.AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

describe('dial in plain text', () => {
  it('connects, sends and receives', async () => {
    const port = await plainServer((socket) => socket.pipe(socket))
    const transport = await dial(plain(port), options())
    const recorder = recorded(transport)
    await written(transport, 'ping')
    expect(String(await recorder.received(4))).toBe('ping')
    expect(transport.alpn).toBeUndefined()
    expect(transport.info).toMatchObject({ remoteAddress: '127.0.0.1', remotePort: port })
    expect(transport.info.localPort).toBeGreaterThan(0)
    expect(transport.info.tlsVersion).toBeUndefined()
  })

  it('finds the address of a name that has several', async () => {
    const port = await plainServer((socket) => socket.end('hello'))
    const recorder = recorded(await dial(plain(port, 'localhost'), options()))
    expect(String(await recorder.received(5))).toBe('hello')
  })

  it('connects to a Unix domain socket, whatever host and port say', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'hyper-'))
    const path = join(folder, 'socket')
    try {
      await plainServer((socket) => socket.end('by path'), path)
      const recorder = recorded(await dial(plain(1, 'nonexistent.invalid'), options({ socketPath: path })))
      expect(String(await recorder.received(7))).toBe('by path')
    } finally {
      await closeAll()
      rmSync(folder, { recursive: true })
    }
  })

  it('turns off the delay of small segments', async () => {
    const setNoDelay = vi.spyOn(net.Socket.prototype, 'setNoDelay')
    try {
      const port = await plainServer(() => {})
      track(await dial(plain(port), options()))
      expect(setNoDelay).toHaveBeenCalledWith(true)
    } finally {
      setNoDelay.mockRestore()
    }
  })
})

describe('a dial that fails', () => {
  test.each([
    ['plain', plain],
    ['TLS', secure],
  ])('at a port that refuses, %s: H2_CONNECT of the peer', async (_name, target) => {
    const port = await freePort()
    const error = await rejection(dial(target(port, '127.0.0.1'), options()))
    expect(error).toMatchObject({
      name: 'H2Error',
      code: 'H2_CONNECT',
      scope: 'transport',
      initiator: 'peer',
      errorCode: 2,
      errorName: 'INTERNAL_ERROR',
      processed: 'no',
      retryable: true,
      message: `connect to 127.0.0.1:${port} failed: connection refused (ECONNREFUSED)`,
      cause: { code: 'ECONNREFUSED' },
    })
  })

  it('at all addresses of a name: one H2_CONNECT with the code of the first', async () => {
    const port = await freePort()
    expect(await rejection(dial(plain(port, 'localhost'), options()))).toMatchObject({
      code: 'H2_CONNECT',
      message: `connect to localhost:${port} failed: connection refused (ECONNREFUSED)`,
    })
  })

  it('at a name that does not resolve: H2_DNS', async () => {
    const error = await rejection(dial(plain(80, 'nonexistent.invalid'), options()))
    expect(error).toMatchObject({ code: 'H2_DNS', initiator: 'local', retryable: true })
    expect(String(error)).toMatch(
      /connect to nonexistent\.invalid:80 failed: name does not resolve \((ENOTFOUND|EAI_AGAIN)\)$/,
    )
  })

  it('at the lookup of the caller: H2_DNS', async () => {
    const lookup = (_host: string, _options: object, done: (error: Error) => void) => {
      done(Object.assign(new Error('no such name'), { code: 'ENOTFOUND' }))
    }
    const error = await rejection(dial(secure(443, 'example.test'), options({ tls: { lookup } })))
    expect(error).toMatchObject({
      code: 'H2_DNS',
      message: 'connect to example.test:443 failed: name does not resolve (ENOTFOUND)',
    })
  })

  it('at a path without a socket: H2_CONNECT', async () => {
    const socketPath = join(tmpdir(), 'hyper-no-such-socket')
    expect(await rejection(dial(plain(80), options({ socketPath })))).toMatchObject({
      code: 'H2_CONNECT',
      message: `connect to ${socketPath} failed: no such socket (ENOENT)`,
    })
  })

  it('writes IPv6 literals in brackets', async () => {
    const lookup = vi.fn()
    const error = await rejection(dial(plain(1, '::1'), options({ tls: { lookup } })))
    expect(String(error)).toContain('connect to [::1]:1 failed: ')
  })
})

describe('time limits', () => {
  /** A lookup that never answers. */
  const lookup = () => {}

  it('of the connection cover the lookup: H2_TIMEOUT_CONNECT', async () => {
    const some = options({ connectTimeoutMs: 20, tls: { lookup } })
    expect(await rejection(dial(secure(443, 'example.test'), some))).toMatchObject({
      code: 'H2_TIMEOUT_CONNECT',
      initiator: 'local',
      processed: 'no',
      message: 'connect to example.test:443 failed: timed out after 20 ms',
    })
  })

  it('of the handshake cover a peer that never speaks: H2_TIMEOUT_TLS, and the socket is gone', async () => {
    let gone!: Promise<void>
    const port = await plainServer((socket) => {
      gone = new Promise((resolve) => socket.resume().on('close', () => resolve()))
      socket.on('end', () => socket.end())
    })
    const error = await rejection(dial(secure(port), options({ tlsTimeoutMs: 30 })))
    expect(error).toMatchObject({
      code: 'H2_TIMEOUT_TLS',
      retryable: true,
      message: `TLS handshake with localhost:${port} failed: timed out after 30 ms`,
    })
    await gone
  })

  it('are none for 0', async () => {
    const port = await plainServer((socket) => socket.end('x'))
    const recorder = recorded(await dial(plain(port), options({ connectTimeoutMs: 0, tlsTimeoutMs: 0 })))
    expect(String(await recorder.received(1))).toBe('x')
  })
})

describe('an aborted dial rejects with the reason of the signal', () => {
  const reason = new Error('changed my mind')

  it('before it began', async () => {
    expect(await rejection(dial(plain(1), options(), AbortSignal.abort(reason)))).toBe(reason)
  })

  it('during the lookup', async () => {
    const controller = new AbortController()
    const lookup = () => controller.abort(reason)
    const some = options({ tls: { lookup } })
    expect(await rejection(dial(secure(443, 'example.test'), some, controller.signal))).toBe(reason)
  })

  it('while it connects', async () => {
    const port = await plainServer(() => {})
    const controller = new AbortController()
    const dialled = dial(plain(port), options(), controller.signal)
    controller.abort(reason)
    expect(await rejection(dialled)).toBe(reason)
  })

  it('in the handshake, and the peer sees the socket go', async () => {
    const controller = new AbortController()
    let gone!: Promise<void>
    const port = await plainServer((socket) => {
      gone = new Promise((resolve) => socket.on('close', () => resolve()))
      socket.on('data', () => controller.abort(reason))
      socket.on('end', () => socket.end())
    })
    expect(await rejection(dial(secure(port), options(), controller.signal))).toBe(reason)
    await gone
  })

  it('and never after it connected', async () => {
    const controller = new AbortController()
    const port = await plainServer((socket) => socket.pipe(socket))
    const transport = await dial(plain(port), options(), controller.signal)
    const recorder = recorded(transport)
    controller.abort(reason)
    await written(transport, 'alive')
    expect(String(await recorder.received(5))).toBe('alive')
  })
})
