/** What the servers serve: a certificate and files, made anew in a directory of their own. */
import { createHash, randomFillSync } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generate } from 'selfsigned'

export const MB = 1_000_000

/** Address of the server's end of an emulated link. It exists only in a network namespace of the benchmark's own. */
export const LINK_SERVER = '10.77.0.1'

/** Path and length of every file, in bytes. */
export const FILES = {
  '/small': 100,
  '/1mb': MB,
  '/12.5mb': 12.5 * MB,
  '/64mb': 64 * MB,
  '/100mb': 100 * MB,
}

/**
 * Makes the files and the certificate.
 *
 * @returns {Promise<{ root: string, key: string, cert: string, hashes: Record<string, string>, remove(): void }>}
 *   paths, and the SHA-256 of each file in hexadecimal
 */
export async function makeContent() {
  const directory = mkdtempSync(join(tmpdir(), 'hyper-bench-'))
  const remove = () => rmSync(directory, { recursive: true, force: true })
  process.once('exit', remove)
  const bytes = randomFillSync(new Uint8Array(100 * MB))
  const hashes = {}
  for (const [path, length] of Object.entries(FILES)) {
    writeFileSync(join(directory, path), bytes.subarray(0, length))
    hashes[path] = createHash('sha256').update(bytes.subarray(0, length)).digest('hex')
  }
  const altNames = [
    { type: 2, value: 'localhost' },
    { type: 7, ip: '127.0.0.1' },
    { type: 7, ip: LINK_SERVER },
  ]
  const pems = await generate([{ name: 'commonName', value: 'localhost' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    extensions: [{ name: 'subjectAltName', altNames }],
  })
  const key = join(directory, 'key.pem')
  const cert = join(directory, 'cert.pem')
  writeFileSync(key, pems.private)
  writeFileSync(cert, pems.cert)
  return { root: directory, key, cert, hashes, remove }
}
