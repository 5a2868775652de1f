/**
 * The real servers, and how each is made to serve the same site. Its one rule:
 * what a server cannot do is written here with the reason, and shown in the table.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { manyFields, startOrigin } from '../demo/origin.mjs'
import { javaServers } from './java-servers.mjs'
import { freePort, serve, versionOf } from './process.mjs'

const APACHE_MODULES = '/usr/lib/apache2/modules'
// The distribution's own: another may stand before it in PATH.
const PYTHON = '/usr/bin/python3'
const HYPERCORN_VERSION = [
  '-c',
  "from importlib.metadata import version; import hypercorn; print(version('hypercorn'))",
]
const isRoot = process.getuid?.() === 0

/**
 * @typedef {object} Server
 * @property {string} name
 * @property {() => string | undefined} version  undefined if it is not installed
 * @property {(place: Place, at?: number) => Promise<Started>} start  on that port, or one that is free
 * @property {Record<string, string>} cannot     names of cases, with the reason
 * @property {boolean} [echoesUploads]           answers an upload with the content, not with its SHA-256
 *
 * @typedef {{ port: number, stop: () => Promise<void> } & Partial<import('./process.mjs').Serving>} Started
 *
 * @typedef {object} Place
 * @property {string} folder   writable, for this server alone
 * @property {string} log      where its output goes
 * @property {string} site     folder of the files to serve
 * @property {number} backend  port of an origin that speaks HTTP/1.1
 * @property {{ key: string, cert: string, pem: string }} files  paths of the certificate
 * @property {{ key: string, cert: string }} certificate
 * @property {number} [requests]  that it takes on one connection, if it can be told
 * @property {number} [replaces]  process that it takes over from, if it can
 */

/** @type {Server[]} */
export const servers = [
  {
    name: 'node:http2',
    version: () => process.versions.node,
    async start({ certificate }) {
      const { port, close } = await startOrigin(certificate)
      return { port, stop: close }
    },
    cannot: {},
  },
  {
    name: 'nghttpd',
    version: () => versionOf('nghttpd', '--version', /nghttp2\/(\S+)/),
    async start({ site, files, log }, at) {
      const port = at ?? (await freePort())
      const serving = ['-a', '127.0.0.1', '-d', site, '--echo-upload']
      const extras = ['--trailer', 'x-trailer: done', '-p', '/push=/pushed.txt']
      const args = [...serving, ...extras, `${port}`, files.key, files.cert]
      return { port, ...(await serve('nghttpd', args, port, log)) }
    },
    cannot: {
      gzip: 'nghttpd compresses nothing',
      fields: 'nghttpd has no setting that adds response fields',
    },
    echoesUploads: true,
  },
  {
    name: 'nginx',
    version: () => versionOf('nginx', '-v', /nginx\/(\S+)/),
    start: (place, at) =>
      startConfigured('nginx', 'nginx.conf', place, at, {
        args: (config) => ['-e', 'stderr', '-p', place.folder, '-c', config],
        user: isRoot ? `user ${userInfo().username};` : '',
        field: (name, value) => `      add_header ${name} "${value}";`,
      }),
    cannot: {},
  },
  {
    name: 'h2o',
    version: () => versionOf('h2o', '-v', /h2o version (\S+)/),
    start: (place, at) =>
      startConfigured('h2o', 'h2o.conf', place, at, {
        args: (config) => ['-c', config],
        field: (name, value) => `        header.add: "${name}: ${value}"`,
      }),
    cannot: { trailers: 'h2o 2.2 sends no trailers' },
  },
  {
    name: 'Apache httpd',
    version: () => versionOf('apache2', '-v', /Apache\/(\S+)/),
    start: (place, at) =>
      startConfigured('apache2', 'apache.conf', place, at, {
        args: (config) => ['-DFOREGROUND', '-d', place.folder, '-f', config],
        user: isRoot ? 'User www-data\nGroup www-data' : '',
        field: (name, value) => `  Header add ${name} "${value}"`,
      }),
    cannot: {},
  },
  {
    name: 'HAProxy',
    version: () => versionOf('haproxy', '-v', /version (\d[\d.]*)/),
    start: (place, at) =>
      startConfigured('haproxy', 'haproxy.cfg', place, at, {
        args: (config) => ['-db', '-f', config, ...(place.replaces ? ['-sf', `${place.replaces}`] : [])],
      }),
    cannot: { push: 'HAProxy does not push' },
  },
  {
    name: 'Caddy',
    version: () => versionOf('caddy', 'version', /v?(\d[\d.]*)/),
    async start(place, at) {
      const admin = await freePort()
      const started = await startConfigured('caddy', 'Caddyfile', { ...place, admin }, at, {
        args: (config) => ['run', '--adapter', 'caddyfile', '--config', config],
        field: (name, value) => `\t\t\t${name} "${value}"`,
      })
      return { ...started, admin }
    },
    cannot: { push: 'Caddy 2.6 sends no push for its directive' },
  },
  {
    name: 'lighttpd',
    version: () => versionOf('lighttpd', '-v', /lighttpd\/(\S+)/),
    start: (place, at) =>
      startConfigured('lighttpd', 'lighttpd.conf', place, at, {
        args: (config) => ['-D', '-f', config],
        field: (name, value) => `    "${name}" => "${value}",`,
      }),
    cannot: {
      upload: 'lighttpd 1.4 passes content on only if its length was announced (411)',
      trailers: 'lighttpd 1.4 passes no trailers on',
      push: 'lighttpd does not push',
    },
  },
  {
    name: 'Varnish behind Hitch',
    version: () => versionOf('varnishd', '-V', /varnish-(\d[\d.]*)/),
    async start(place, at) {
      const plain = await freePort()
      const listens = ['-a', `127.0.0.1:${plain},PROXY`, '-p', 'feature=+http2', '-s', 'malloc,64m']
      const fields = ['-p', 'http_max_hdr=300', '-p', 'workspace_backend=256k', '-p', 'workspace_client=256k']
      const varnish = await startConfigured('varnishd', 'varnish.vcl', place, plain, {
        args: (config) => ['-F', '-n', join(place.folder, 'varnish'), '-f', config, ...listens, ...fields],
      })
      const port = at ?? (await freePort())
      const ends = [`--backend=[127.0.0.1]:${plain}`, `--frontend=[127.0.0.1]:${port}`]
      const how = ['--alpn-protos=h2,http/1.1', '--write-proxy-v2=on', ...(isRoot ? ['--user=nobody'] : [])]
      const hitch = await serve('hitch', [...ends, ...how, place.files.pem], port, place.log)
      const stop = async () => {
        await hitch.stop()
        await varnish.stop()
      }
      return { ...hitch, port, stop }
    },
    cannot: { trailers: 'Varnish passes no trailers on', push: 'Varnish does not push' },
  },
  {
    name: 'Go net/http',
    version: () => versionOf('go', 'version', /go(\d[\d.]*)/),
    async start(place, at) {
      const program = join(place.folder, 'server')
      if (!existsSync(program)) build('go', ['build', '-o', program, pathOf('config/server.go')])
      const port = at ?? (await freePort())
      const { cert, key } = place.files
      const fields = manyFields().map(([name, value]) => `${name}: ${value}`)
      const args = [`127.0.0.1:${port}`, cert, key, place.site, fields.join('\n')]
      return { port, ...(await serve(program, args, port, place.log)) }
    },
    cannot: {},
  },
  {
    name: 'Hypercorn',
    version: () => versionOf(PYTHON, HYPERCORN_VERSION, /(\d[\d.]*)/),
    start: (place, at) =>
      startConfigured(PYTHON, 'asgi.py', place, at, {
        args: (config) => [config],
        field: (name, value) => `    (b"${name}", b"${value}"),`,
      }),
    cannot: { trailers: 'Hypercorn 0.13 has no trailers' },
  },
  {
    name: 'Twisted',
    version: () =>
      versionOf(PYTHON, ['-c', 'import twisted, h2, priority; print(twisted.__version__)'], /^(\d[\d.]*)/),
    start: (place, at) =>
      startConfigured(PYTHON, 'site.py', place, at, {
        args: (config) => [config],
        field: (name, value) => `    (b"${name}", b"${value}"),`,
      }),
    cannot: { trailers: 'Twisted 22 sends no trailers', push: 'Twisted does not push' },
  },
  ...javaServers,
]

function pathOf(name) {
  return fileURLToPath(new URL(name, import.meta.url))
}

function build(program, args) {
  const env = { ...process.env, GO111MODULE: 'off' }
  const { status, stderr } = spawnSync(program, args, { encoding: 'utf8', env })
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${stderr}`)
}

async function startConfigured(program, template, place, at, { args, user = '', field = () => '' }) {
  const port = at ?? (await freePort())
  const values = {
    requests: 100_000,
    ...place,
    ...place.files,
    port,
    user,
    modules: APACHE_MODULES,
    fields: manyFields()
      .map(([name, value]) => field(name, value))
      .join('\n'),
  }
  const text = readFileSync(new URL(`config/${template}`, import.meta.url), 'utf8')
  const config = join(place.folder, template)
  writeFileSync(
    config,
    text.replace(/\{\{(\w+)\}\}/g, (_, name) => values[name]),
  )
  const serving = await serve(program, args(config, port), port, place.log)
  return { port, config: readFileSync(config, 'utf8'), ...serving }
}
