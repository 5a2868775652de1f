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
]

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
  return { port, ...(await serve(program, args(config), port, place.log)) }
}
