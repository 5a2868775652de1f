/** Why a test of Node's own does not pass, by its name. */
const INVALID_FIELDS =
  'A field with a forbidden character makes the message malformed, and ends the stream (RFC 9113 §8.2.1); nghttp2 drops the field.'

export const REASONS = {
  'test-http2-client-rststream-before-connect.js':
    'A request that is closed before it was sent is never sent; the test waits for it at the server.',
  'test-http2-empty-frame-without-eof.js':
    'Counts useless frames as nghttp2 does (`maxSessionInvalidFrames: 0`); here useful work earns some, and `limits` bounds them.',
  'test-http2-endafterheaders.js':
    'A request without content that is ended in the same turn carries END_STREAM on its HEADERS; the test wants a DATA frame for it.',
  'test-http2-pack-end-stream-flag.js':
    'Reads frame counts of the client from `PerformanceObserver` entries, which only the runtime itself can make.',
  'test-http2-padding-aligned.js': 'Padding of frames (`paddingStrategy`) is not done.',
  'test-http2-response-splitting.js': INVALID_FIELDS,
  'test-http2-server-rfc-9113-client.js': INVALID_FIELDS,
  'test-http2-client-set-priority.js': 'Priorities of RFC 7540 are not sent (RFC 9113 §5.3.2).',
  'test-http2-priority-event.js': 'Priorities of RFC 7540 are not sent (RFC 9113 §5.3.2).',
}
