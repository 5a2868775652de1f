/** Zstandard frames, each with a name, in hexadecimal: the command-line tool's, and some that it does not write. */

export const ZSTD_TEXT = 'hello zstd'

export const ZSTD_FRAMES: readonly (readonly [name: string, hex: string])[] = [
  ['the text, with a checksum', '28b52ffd240a51000068656c6c6f207a737464cfdb609c'],
  ['the text, without a checksum', '28b52ffd200a51000068656c6c6f207a737464'],
  ['the text, of a size not declared', '28b52ffd045851000068656c6c6f207a737464cfdb609c'],
  [
    'several compressed blocks, of a size declared in four octets',
    '28b52ffda4e09304005400001000000100fbff39c00202001000039f04002d28de26',
  ],
  ['a block of one repeated octet', '28b52ffd20052b000061'],
  ['with a dictionary identifier of two octets', '28b52ffd2234120a51000068656c6c6f207a737464'],
  ['a skippable frame', '5a2a4d1803000000616263'],
]
