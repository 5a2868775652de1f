import type { ConnectionOptions } from 'node:tls'
import tls from 'node:tls'
import { expect, test } from 'vitest'
import { Client, HTTP20Connection } from '../../src/index.ts'
import type { TlsOptions } from '../../src/transport/transport.ts'

/** What `tls.connect` takes and we decide, or what servers alone have. */
type NotTheCallers =
  | 'host'
  | 'port'
  | 'path'
  | 'socket'
  | 'session'
  | 'timeout'
  | 'ALPNProtocols'
  | 'ALPNCallback'
  | 'SNICallback'
  | 'requestCert'

test("the runtime's options are ours, each with its type", () => {
  const known: Omit<ConnectionOptions, NotTheCallers> = {}
  // What is forgotten here is in the error of the compiler.
  const forgotten: Exclude<keyof ConnectionOptions, NotTheCallers | keyof TlsOptions>[] = []
  expect([known satisfies TlsOptions, forgotten]).toEqual([{}, []])
  const options: TlsOptions = { checkServerIdentity: tls.checkServerIdentity, ca: [...tls.rootCertificates] }
  expect(() => new Client({ tls: options })).not.toThrow()
})

test('a name that is no option does not compile', () => {
  // @ts-expect-error: it is rejectUnauthorized
  new Client({ tls: { rejectUnauthorised: false } })
  // @ts-expect-error: the same from a function
  new Client({ tls: () => ({ rejectUnauthorised: false }) })
  // @ts-expect-error: the same of a connection
  new HTTP20Connection('a.test', { tls: { rejectUnauthorised: false } })
  // @ts-expect-error: it is a boolean
  new Client({ tls: { rejectUnauthorized: 'no' } })
})
