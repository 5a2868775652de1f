/** A certificate for this machine's loopback names, made when it is asked for and kept nowhere. */
import { generate } from 'selfsigned'

/**
 * @returns {Promise<{ key: string, cert: string }>} PEM texts; the certificate is its own authority
 */
export async function makeCertificate() {
  const altNames = [
    { type: 2, value: 'localhost' },
    { type: 7, ip: '127.0.0.1' },
    { type: 7, ip: '::1' },
  ]
  const { private: key, cert } = await generate([{ name: 'commonName', value: 'localhost' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    extensions: [{ name: 'subjectAltName', altNames }],
  })
  return { key, cert }
}
