/**
 * The real servers, and how each is made to serve the same site. Its one rule:
 * what a server cannot do is written here with the reason, and shown in the table.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { manyFields, startOrigin } from '../demo/origin.mjs'
import { freePort, serve, versionOf } from './process.mjs'

const APACHE_MODULES = '/usr/lib/apache2/modules'
const isRoot = process.getuid?.() === 0

/**
 * @typedef {object} Server
 * @property {string} name
 * @property {() => string | undefined} version  undefined if it is not installed
 * @property {(place: Place) => Promise<{ port: number, stop: () => Promise<void> }>} start
 * @property {Record<string, string>} cannot     names of cases, with the reason
 * @property {boolean} [echoesUploads]           answers an upload with the content, not with its SHA-256
 *
 * @typedef {object} Place
 * @property {string} folder   writable, for this server alone
 * @property {string} log      where its output goes
 * @property {string} site     folder of the files to serve
 * @property {number} backend  port of an origin that speaks HTTP/1.1
 * @property {{ key: string, cert: string, pem: string }} files  paths of the certificate
 * @property {{ key: string, cert: string }} certificate
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
    async start({ site, files, log }) {
      const port = await freePort()
      const serving = ['-a', '127.0.0.1', '-d', site, '--echo-upload']
      const extras = ['--trailer', 'x-trailer: done', '-p', '/push=/pushed.txt']
      const { stop } = await serve(
        'nghttpd',
        [...serving, ...extras, `${port}`, files.key, files.cert],
        port,
        log,
      )
      return { port, stop }
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
    start: (place) =>
      startConfigured('nginx', 'nginx.conf', place, {
        args: (config) => ['-e', 'stderr', '-p', place.folder, '-c', config],
        user: isRoot ? `user ${userInfo().username};` : '',
        field: (name, value) => `      add_header ${name} "${value}";`,
      }),
    cannot: {},
  },
  {
    name: 'h2o',
    version: () => versionOf('h2o', '-v', /h2o version (\S+)/),
    start: (place) =>
      startConfigured('h2o', 'h2o.conf', place, {
        args: (config) => ['-c', config],
        field: (name, value) => `        header.add: "${name}: ${value}"`,
      }),
    cannot: { trailers: 'h2o 2.2 sends no trailers' },
  },
  {
    name: 'Apache httpd',
    version: () => versionOf('apache2', '-v', /Apache\/(\S+)/),
    start: (place) =>
      startConfigured('apache2', 'apache.conf', place, {
        args: (config) => ['-DFOREGROUND', '-d', place.folder, '-f', config],
        user: isRoot ? 'User www-data\nGroup www-data' : '',
        field: (name, value) => `  Header add ${name} "${value}"`,
      }),
    cannot: {},
  },
  {
    name: 'HAProxy',
    version: () => versionOf('haproxy', '-v', /version (\d[\d.]*)/),
    start: (place) =>
      startConfigured('haproxy', 'haproxy.cfg', place, { args: (config) => ['-db', '-f', config] }),
    cannot: { push: 'HAProxy does not push' },
  },
]

async function startConfigured(program, template, place, { args, user = '', field = () => '' }) {
  const port = await freePort()
  const values = {
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
  const { stop } = await serve(program, args(config), port, place.log)
  return { port, stop }
}
