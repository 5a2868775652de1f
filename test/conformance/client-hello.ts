/**
 * Reads what a TLS client offers (RFC 8446 §4.1.2) from the first octets of its
 * connection, to judge an offer by what is on the wire.
 */
import net from 'node:net'

/** A ClientHello, taken apart. */
export interface ClientHello {
  readonly suites: readonly number[]
  readonly compression: readonly number[]
  /** Extensions by number. */
  readonly extensions: ReadonlyMap<number, Buffer>
}

export const SERVER_NAME = 0
export const SUPPORTED_GROUPS = 10
export const ALPN = 16
export const EARLY_DATA = 42
export const SUPPORTED_VERSIONS = 43
export const POST_HANDSHAKE_AUTH = 49

/** The ClientHello of the first client that connects, which `connect` makes given a port; nothing is answered. */
export async function helloOf(connect: (port: number) => Promise<unknown>): Promise<ClientHello> {
  let told = (_octets: Buffer) => {}
  const octets = new Promise<Buffer>((resolve) => {
    told = resolve
  })
  const server = net.createServer((socket) => {
    let received = Buffer.alloc(0)
    socket.on('error', () => {})
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk])
      if (received.length < 5 || received.length < 5 + received.readUInt16BE(3)) return
      told(received)
      socket.destroy()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const attempt = connect((server.address() as net.AddressInfo).port).catch(() => {})
  const hello = readHello(await octets)
  await attempt
  await new Promise((resolve) => server.close(resolve))
  return hello
}

/** Behind the record header (5 octets) and the handshake header (4): version, random, session, suites, … */
function readHello(record: Buffer): ClientHello {
  let at = 9 + 2 + 32
  const take = (lengthOctets: number): Buffer => {
    const length = record.readUIntBE(at, lengthOctets)
    const from = at + lengthOctets
    at = from + length
    return record.subarray(from, at)
  }
  take(1)
  const suites = pairs(take(2))
  const compression = [...take(1)]
  const end = at + 2 + record.readUInt16BE(at)
  at += 2
  const extensions = new Map<number, Buffer>()
  while (at < end) {
    const id = record.readUInt16BE(at)
    at += 2
    extensions.set(id, take(2))
  }
  return { suites, compression, extensions }
}

/** 16-bit numbers. */
export function pairs(octets: Buffer): number[] {
  return Array.from({ length: octets.length >> 1 }, (_, i) => octets.readUInt16BE(i * 2))
}
