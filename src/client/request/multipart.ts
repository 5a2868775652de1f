/**
 * A form as `multipart/form-data` (HTML §4.10.21.8; RFC 7578). Its one rule:
 * files are referred to, not copied, so the result costs what its text costs,
 * has a length, and can be read more than once.
 */

/** Random octets in a boundary: nobody who writes a part can guess it. */
const BOUNDARY_OCTETS = 16

/** The encoded form; its type names the boundary. */
export function formDataBlob(form: FormData): Blob {
  // A Blob keeps its type in lower case, so the boundary is.
  const boundary = `----hyper-h2-${randomHex()}`
  const parts: (string | Blob)[] = []
  let text = ''
  for (const [name, value] of form) {
    text += `--${boundary}\r\nContent-Disposition: form-data; name="${escaped(withCrlf(name))}"`
    if (typeof value === 'string') {
      text += `\r\n\r\n${withCrlf(value)}\r\n`
    } else {
      const type = typeOf(value)
      parts.push(`${text}; filename="${escaped(value.name)}"\r\nContent-Type: ${type}\r\n\r\n`, value)
      text = '\r\n'
    }
  }
  parts.push(`${text}--${boundary}--\r\n`)
  return new Blob(parts, { type: `multipart/form-data; boundary=${boundary}` })
}

/** True for the platform's `FormData`, or another that is used alike. */
export function isFormData(value: object): value is FormData {
  return (
    (value as { [Symbol.toStringTag]?: unknown })[Symbol.toStringTag] === 'FormData' &&
    Symbol.iterator in value
  )
}

/** The type of a file. Throws TypeError for one that would end its line: what another `FormData` holds is not checked. */
function typeOf({ type }: Blob): string {
  if (type === '') return 'application/octet-stream'
  if (typeof type === 'string' && VISIBLE.test(type)) return type
  throw new TypeError('the type of a file of FormData has a forbidden character')
}

const VISIBLE = /^[\x20-\x7e]+$/

/** Every line ends with CRLF. */
function withCrlf(text: string): string {
  return text.replace(/\r\n?|\n/g, '\r\n')
}

/** A name in quotes cannot end them, or its line. */
function escaped(name: string): string {
  return name.replace(/[\r\n"]/g, (character) => ESCAPES[character]!)
}

const ESCAPES: Readonly<Record<string, string>> = { '\r': '%0D', '\n': '%0A', '"': '%22' }

function randomHex(): string {
  let hex = ''
  for (const octet of crypto.getRandomValues(new Uint8Array(BOUNDARY_OCTETS))) {
    hex += octet.toString(16).padStart(2, '0')
  }
  return hex
}
