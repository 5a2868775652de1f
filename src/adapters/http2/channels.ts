/**
 * Node's diagnostics channels of HTTP/2 clients, `http2.client.stream.*`: the
 * same messages at the same moments. Nothing is put together unless someone
 * listens.
 */
import { channel } from 'node:diagnostics_channel'

export const CREATED = channel('http2.client.stream.created')
export const STARTED = channel('http2.client.stream.start')
export const FAILED = channel('http2.client.stream.error')
export const BODY_CHUNK_SENT = channel('http2.client.stream.bodyChunkSent')
export const BODY_SENT = channel('http2.client.stream.bodySent')
export const FINISHED = channel('http2.client.stream.finish')
export const CLOSED = channel('http2.client.stream.close')
