/** The public face of `hyper-h2/hpack`: HPACK (RFC 7541) on its own, without HTTP/2. */
export {
  ABANDONED,
  DECODED,
  Decoder,
  type DecoderOptions,
  OVERSIZE,
} from './decoder.ts'
export { HPACKDecodingError } from './decoding-error.ts'
export { Encoder, type EncoderOptions } from './encoder.ts'
export type { HeaderField } from './header-field.ts'
