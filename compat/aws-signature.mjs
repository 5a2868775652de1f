// Checks a signature of AWS (version 4) on a request as it arrived, by making it again.
import { createHash, createHmac } from 'node:crypto'

const hmac = (key, text) => createHmac('sha256', key).update(text).digest()
const sha256 = (text) => createHash('sha256').update(text).digest('hex')

/** True if a request of node:http2 is signed with the secret. `encodePath`: services but S3 sign the path escaped once more. */
export function isSigned(headers, secret, encodePath) {
  const match =
    /^AWS4-HMAC-SHA256 Credential=[^/]+\/(\d+)\/([^/]+)\/([^/]+)\/aws4_request, SignedHeaders=([^,]+), Signature=(\w+)$/.exec(
      headers.authorization ?? '',
    )
  if (match === null) return false
  const [, day, region, service, names, signature] = match
  const [path, query = ''] = headers[':path'].split('?')
  const signedPath = encodePath ? path.split('/').map(encodeURIComponent).join('/') : path
  const parts = query === '' ? [] : query.split('&').map((part) => (part.includes('=') ? part : `${part}=`))
  const sent = (name) => (name === 'host' ? headers[':authority'] : headers[name])
  const canonical = [
    headers[':method'],
    signedPath,
    parts.sort().join('&'),
    ...names.split(';').map((name) => `${name}:${String(sent(name)).trim().replace(/\s+/g, ' ')}`),
    '',
    names,
    headers['x-amz-content-sha256'] ?? sha256(''),
  ].join('\n')
  const scope = `${day}/${region}/${service}/aws4_request`
  const text = `AWS4-HMAC-SHA256\n${headers['x-amz-date']}\n${scope}\n${sha256(canonical)}`
  const key = [region, service, 'aws4_request'].reduce(hmac, hmac(`AWS4${secret}`, day))
  return hmac(key, text).toString('hex') === signature
}
