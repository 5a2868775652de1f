/**
 * The clients, one entry per row of a table. A client's module has
 *
 *     open(url, { ca, ...options }) → client        one connection, or what the client uses instead
 *     packages                                       names to import for the workload `start`
 *
 * and a client has those of these methods that it can do:
 *
 *     get(path, headers?, field?) → { status, body, value }   body as bytes, value of the response field asked for
 *     stream(path, onChunk) → { status }                       body in chunks
 *     pieces(path, onChunk) → { status }                       the same without a web stream, where there is a way
 *     upload(path, bytes) → { status, body }
 *     post(path, value) → { status, value }                    JSON both ways
 *     say(text) → text                                         a call of gRPC that is answered with the same
 *     granted() → octets                                       largest window granted to a stream
 *     close()
 */

const NODES = ['lts', 'node', 'current']
const REQUESTS = ['get', 'fields', 'json', 'download', 'upload']
const SESSION_MEMORY = {
  'upload/8':
    'it does not let one raise maxSessionMemory of node:http2, which is below what eight uploads queue',
}
/** Where undici's interfaces are part of the short form. */
const SHORT_UNDICI = { dispatch: ['get'] }
const WINDOW = 16 * 1024 * 1024
/** Of those that say what a layer adds, one in flight and a hundred say enough. */
const LAYER = { get: ['1', '100'] }

/**
 * `does`: workloads; `runtimes`: where it runs, of which the first that is there
 * is taken, or with `everyRuntime` each in the full form; `short`: part of the
 * short form, or the workloads for which it is; `needs`: oldest Node; `needsExport`: what the main entry of this
 * repository has to export; `cannot`: why not, by workload and case;
 * `own`: the row of the same library with its own transport; `only`: the cases of a workload that it is measured in,
 * where it is not all.
 */
export const CLIENTS = [
  {
    id: 'hyper',
    label: 'hyper-h2 HTTP20Connection',
    module: './hyper.mjs',
    does: [...REQUESTS, 'distance', 'idle', 'streams', 'start'],
    runtimes: [...NODES, 'bun', 'deno'],
    everyRuntime: true,
    short: true,
  },
  {
    id: 'hyper-static',
    label: 'hyper-h2, windows fixed at 16 MiB',
    module: './hyper.mjs',
    options: { fixedWindow: WINDOW },
    does: ['distance'],
    runtimes: ['lts', 'node'],
    short: true,
  },
  {
    id: 'hyper-request',
    label: 'hyper-h2 Client.request',
    module: './hyper-request.mjs',
    needsExport: 'Client',
    does: ['get', 'fields', 'json', 'start'],
    runtimes: ['lts', 'node'],
    short: ['get'],
    only: LAYER,
  },
  {
    id: 'hyper-fetch',
    label: 'hyper-h2 fetch',
    module: './hyper-fetch.mjs',
    needsExport: 'Client',
    does: [...REQUESTS, 'start'],
    runtimes: NODES,
    short: ['get'],
    only: LAYER,
  },
  {
    id: 'node-http2',
    label: 'node:http2',
    module: './node-http2.mjs',
    does: [...REQUESTS, 'distance', 'idle', 'streams', 'start'],
    runtimes: NODES,
    everyRuntime: true,
    short: true,
  },
  {
    id: 'node-http2-tuned',
    label: 'node:http2, windows of 16 MiB',
    module: './node-http2.mjs',
    options: { window: WINDOW },
    does: ['download', 'distance'],
    runtimes: NODES,
    short: true,
  },
  {
    id: 'hyper-node-http2',
    label: 'node:http2 over hyper-h2',
    module: './node-http2.mjs',
    options: { overHyper: true },
    own: 'node-http2',
    does: ['get', 'json', 'download'],
    runtimes: ['lts'],
  },
  ...[7, 8].flatMap((major) =>
    ['dispatch', 'request', 'fetch'].map((api) => ({
      id: `undici${major}-${api}`,
      label: `undici ${major} ${api}`,
      module: `./undici-${api}.mjs`,
      options: { package: `undici${major}` },
      does: doesUndici(major, api),
      runtimes: ['lts', 'node'],
      needs: major === 8 ? '22.19' : '20.18',
      cannot: major === 8 || api !== 'fetch' ? SESSION_MEMORY : undefined,
      short: major === 8 && SHORT_UNDICI[api],
      only: major === 7 || api !== 'dispatch' ? LAYER : undefined,
    })),
  ),
  ...['dispatch', 'fetch'].map((api) => ({
    id: `hyper-undici-${api}`,
    label: `undici 8 ${api} over hyper-h2`,
    module: `./undici-${api}.mjs`,
    options: { package: 'undici8', overHyper: true },
    own: `undici8-${api}`,
    only: LAYER,
    does: ['get', 'json'],
    runtimes: ['lts'],
  })),
  {
    id: 'undici8-tuned',
    label: 'undici 8 request, windows of 16 MiB',
    module: './undici-request.mjs',
    options: { package: 'undici8', window: WINDOW },
    does: ['download'],
    runtimes: ['lts', 'node'],
    needs: '22.19',
  },
  {
    id: 'got',
    label: 'got',
    module: './got.mjs',
    does: [...REQUESTS, 'start'],
    runtimes: ['lts', 'node'],
    needs: '22',
    only: LAYER,
  },
  {
    id: 'axios',
    label: 'axios',
    module: './axios.mjs',
    does: [...REQUESTS, 'start'],
    runtimes: ['lts', 'node'],
    only: LAYER,
  },
  {
    id: 'smithy',
    label: 'smithy',
    module: './smithy.mjs',
    only: LAYER,
    does: ['get', 'json'],
    runtimes: ['lts'],
  },
  ...['axios', 'got', 'smithy'].map((library) => ({
    id: `hyper-${library}`,
    label: `${library} over hyper-h2`,
    module: `./${library}.mjs`,
    options: { overHyper: true },
    own: library,
    only: LAYER,
    does: ['get', 'json'],
    runtimes: ['lts'],
  })),
  { id: 'connect', label: 'Connect', module: './connect.mjs', does: ['rpc'], runtimes: ['lts'] },
  {
    id: 'hyper-connect',
    label: 'Connect over hyper-h2',
    module: './connect.mjs',
    options: { overHyper: true },
    own: 'connect',
    does: ['rpc'],
    runtimes: ['lts'],
  },
  { id: 'grpc-js', label: 'grpc-js', module: './grpc-js.mjs', does: ['rpc'], runtimes: ['lts'] },
  {
    id: 'hyper-grpc-js',
    label: 'grpc-js over hyper-h2',
    module: './grpc-js.mjs',
    options: { overHyper: true },
    own: 'grpc-js',
    does: ['rpc'],
    runtimes: ['lts'],
  },
  {
    id: 'node-fetch',
    label: 'built-in fetch',
    module: './node-fetch.mjs',
    does: REQUESTS,
    runtimes: ['current'],
    needs: '26',
    cannot: SESSION_MEMORY,
  },
  {
    id: 'bun-fetch',
    label: 'built-in fetch',
    module: './bun-fetch.mjs',
    does: [...REQUESTS, 'distance'],
    runtimes: ['bun'],
  },
  {
    id: 'deno-fetch',
    label: 'built-in fetch',
    module: './deno-fetch.mjs',
    does: [...REQUESTS, 'distance'],
    runtimes: ['deno'],
  },
  {
    id: 'tls-socket',
    label: 'a bare TLS socket',
    module: './tls-socket.mjs',
    does: ['idle'],
    runtimes: ['lts', 'node'],
    short: true,
  },
  {
    id: 'floor',
    label: 'a bare TLS socket, frames by hand',
    module: './floor.mjs',
    only: LAYER,
    does: ['get', 'download'],
    runtimes: ['lts', 'node'],
    short: ['get'],
  },
  {
    id: 'hyper-codec',
    label: 'hyper-h2/hpack, hyper-h2/frame',
    module: './hyper-codec.mjs',
    does: ['codec'],
    runtimes: NODES,
    short: true,
  },
  {
    id: 'hpack.js',
    label: 'hpack.js',
    module: './hpack-js.mjs',
    does: ['codec'],
    runtimes: NODES,
    short: true,
  },
  {
    id: 'h2load',
    label: 'h2load (C)',
    native: true,
    does: ['get', 'fields', 'download', 'json'],
    short: true,
  },
  { id: 'curl', label: 'curl (C)', native: true, does: ['download', 'upload', 'distance'] },
]

/** undici's older major has the small requests; for large bodies and distance the newer one stands for both. */
function doesUndici(major, api) {
  const once = api === 'request' ? ['idle', 'streams', 'start'] : []
  if (major === 7) return api === 'dispatch' ? ['get', 'fields', 'json'] : ['get', ...once]
  return [...REQUESTS, ...once, ...(api === 'request' ? ['distance'] : [])]
}
