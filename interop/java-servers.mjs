/**
 * The servers of the table that run on Java: Tomcat and Jetty. Files are theirs
 * to serve, the rest is said in JSP. Its one rule: nothing of theirs is written
 * outside the folder that they are given.
 */
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { connect } from 'node:tls'
import { manyFields } from '../demo/origin.mjs'
import { freePort, serve, versionOf } from './process.mjs'

const TOMCAT = '/usr/share/tomcat10'
const JETTY = '/usr/share/jetty9'
const OPENSSL = 'openssl'
const PASSWORD = 'no-secret'

/** @type {import('./servers.mjs').Server[]} */
export const javaServers = [
  {
    name: 'Tomcat',
    version: () => versionOfJar(join(TOMCAT, 'lib/catalina.jar'), 'Implementation-Version'),
    async start(place, at) {
      const { folder } = place
      const port = at ?? (await freePort())
      for (const name of ['conf', 'logs', 'temp', 'work']) mkdirSync(join(folder, name), { recursive: true })
      site(folder, ['upload', 'fields', 'push', 'trailers'])
      cpSync('/etc/tomcat10/web.xml', join(folder, 'conf/web.xml'))
      writeFileSync(join(folder, 'conf/server.xml'), filled('tomcat.xml', { ...place, ...place.files, port }))
      const classes = ['bootstrap', 'tomcat-juli'].map((name) => join(TOMCAT, 'bin', `${name}.jar`)).join(':')
      const where = [
        `-Dcatalina.home=${TOMCAT}`,
        `-Dcatalina.base=${folder}`,
        `-Djava.io.tmpdir=${folder}/temp`,
      ]
      const args = ['-cp', classes, ...where, 'org.apache.catalina.startup.Bootstrap', 'start']
      return java(args, port, place.log)
    },
    cannot: {},
  },
  {
    name: 'Jetty',
    version: () => jettyVersion(),
    async start(place, at) {
      const { folder, files } = place
      const port = at ?? (await freePort())
      site(folder, ['upload', 'fields'])
      cpSync(place.site, join(folder, 'webapps/ROOT'), { recursive: true })
      const store = join(folder, 'etc/keystore')
      mkdirSync(join(folder, 'etc'))
      const bundle = ['pkcs12', '-export', '-in', files.cert, '-inkey', files.key, '-out', store]
      const { status, stderr } = spawnSync(OPENSSL, [...bundle, '-passout', `pass:${PASSWORD}`], {
        encoding: 'utf8',
      })
      if (status !== 0) throw new Error(`openssl: ${stderr}`)
      const ssl = [
        'jetty.sslContext.keyStoreType=PKCS12',
        `jetty.sslContext.keyStorePassword=${PASSWORD}`,
        `jetty.sslContext.keyManagerPassword=${PASSWORD}`,
        'jetty.ssl.host=127.0.0.1',
        `jetty.ssl.port=${port}`,
      ]
      const modules = '--module=server,deploy,jsp,ssl,http2,gzip'
      const home = ['-jar', join(JETTY, 'start.jar'), `jetty.home=${JETTY}`, `jetty.base=${folder}`]
      const args = [`-Djava.io.tmpdir=${folder}`, ...home, modules, ...ssl]
      return java(args, port, place.log)
    },
    cannot: {
      trailers: 'Servlet 3.1, which Jetty 9.4 speaks, has no trailers',
      push: 'Servlet 3.1, which Jetty 9.4 speaks, has no push',
    },
  },
]

const STARTS_WITHIN_MS = 60_000

/** Both listen before they answer. */
async function java(args, port, log) {
  const serving = await serve('java', args, port, log, STARTS_WITHIN_MS)
  const deadline = Date.now() + STARTS_WITHIN_MS
  while (!(await shakesHands(port))) {
    if (Date.now() < deadline) continue
    await serving.stop()
    throw new Error('java did not start')
  }
  return { port, ...serving }
}

/** True if there is TLS within a second. */
function shakesHands(port) {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ALPNProtocols: ['h2'] })
    const over = (answer) => {
      socket.destroy()
      setTimeout(resolve, answer ? 0 : 100, answer)
    }
    socket.setTimeout(1_000, () => over(false))
    socket.once('secureConnect', () => over(true)).once('error', () => over(false))
  })
}

/** The web application, with JSPs for these paths. */
function site(folder, names) {
  const root = join(folder, 'webapps/ROOT')
  mkdirSync(join(root, 'WEB-INF'), { recursive: true })
  const fields = manyFields().map(([name, value]) => `response.setHeader("${name}", "${value}");`)
  for (const name of names) {
    writeFileSync(join(root, `${name}.jsp`), filled(`${name}.jsp`, { fields: fields.join('\n') }))
  }
  const servlets = names.map(
    (name) => `  <servlet><servlet-name>${name}</servlet-name><jsp-file>/${name}.jsp</jsp-file></servlet>
  <servlet-mapping><servlet-name>${name}</servlet-name><url-pattern>/${name}</url-pattern></servlet-mapping>`,
  )
  writeFileSync(join(root, 'WEB-INF/web.xml'), filled('web.xml', { servlets: servlets.join('\n') }))
}

function filled(template, values) {
  const text = readFileSync(new URL(`config/java/${template}`, import.meta.url), 'utf8')
  return text.replace(/\{\{(\w+)\}\}/g, (_, name) => values[name])
}

/** A line of a jar's manifest; undefined if there is no such jar. */
function versionOfJar(jar, name) {
  if (!existsSync(jar)) return undefined
  return versionOf('unzip', ['-p', jar, 'META-INF/MANIFEST.MF'], new RegExp(`${name}: (\\S+)`))
}

function jettyVersion() {
  if (!existsSync(join(JETTY, 'lib'))) return undefined
  const jar = readdirSync(join(JETTY, 'lib')).find((name) => name.startsWith('jetty-server-'))
  return jar?.replace(/^jetty-server-|\.v\d+\.jar$|\.jar$/g, '')
}
