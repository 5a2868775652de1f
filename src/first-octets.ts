/**
 * What a peer seems to speak, by the first octets that it sent. The one rule:
 * it is said in the message of an error, and nothing is ever decided by it.
 */

/** How the peer's first octets read as text, and whose they are then. */
const GREETINGS: readonly (readonly [text: string, protocol: string])[] = [
  ['HTTP/1.', 'HTTP/1'],
  ['SSH-', 'SSH'],
  ['220 ', 'SMTP or FTP'],
  ['220-', 'SMTP or FTP'],
  ['+OK ', 'POP3'],
  ['* OK', 'IMAP'],
  ['-ERR', 'Redis'],
  ['RFB ', 'VNC'],
]

const ADVICE: ReadonlyMap<string, string> = new Map([
  ['HTTP/2', 'without TLS it takes the option h2c: true'],
  ['TLS', 'its URL begins with https:'],
])

const TLS_ALERT = 0x15
const TLS_HANDSHAKE = 0x16
const SETTINGS = 0x4
/** Octets of the header of a frame (RFC 9113 §4.1), and of an entry of SETTINGS (RFC 9113 §6.5.1). */
const FRAME_HEADER_SIZE = 9
const SETTING_SIZE = 6

/** The name of the protocol that begins like this, undefined for none that is known. */
export function spokenBy(octets: Uint8Array): string | undefined {
  for (const [text, protocol] of GREETINGS) if (beginsWith(octets, text)) return protocol
  const [first, second = -1] = octets
  if ((first === TLS_ALERT || first === TLS_HANDSHAKE) && second === 3) return 'TLS'
  if (isSettings(octets)) return 'HTTP/2'
  return isSocks(first, second) ? 'SOCKS' : undefined
}

/** What to do where HTTP/1.1 was spoken to a peer that begins like this, behind a semicolon; empty for nothing. */
export function adviceForHttp1(octets: Uint8Array): string {
  const protocol = spokenBy(octets)
  if (protocol === undefined || protocol === 'HTTP/1') return ''
  const advice = ADVICE.get(protocol)
  return `; the peer speaks ${protocol}${advice === undefined ? '' : `: ${advice}`}`
}

function beginsWith(octets: Uint8Array, text: string): boolean {
  if (octets.length < text.length) return false
  for (let i = 0; i < text.length; i++) if (octets[i] !== text.charCodeAt(i)) return false
  return true
}

/** The first frame of every connection (RFC 9113 §3.4). */
function isSettings(octets: Uint8Array): boolean {
  if (octets.length < FRAME_HEADER_SIZE || octets[0] !== 0) return false
  const length = octets[1]! * 256 + octets[2]!
  const streamId = octets[5]! | octets[6]! | octets[7]! | octets[8]!
  return octets[3] === SETTINGS && length % SETTING_SIZE === 0 && streamId === 0
}

/** The choice of a method (RFC 1928 §3), or the answer of SOCKS 4. */
function isSocks(first: number | undefined, second: number): boolean {
  if (first === 5) return second === 0xff || (second >= 0 && second <= 2)
  return first === 0 && second >= 0x5a && second <= 0x5d
}
