// runtimes: 22 24 26
// Where undici's own dispatcher sends confusing origins and paths: test/adapters/targets.json has the inputs, and what came
// of each, by which this package is tested. `node compat/undici-targets.mjs --write` records that anew.
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import undici from 'undici8'
import { startSecure } from './servers.mjs'
import { run } from './undici-checks.mjs'

const file = new URL('../test/adapters/targets.json', import.meta.url)
const { hosts, paths, undici: recorded } = JSON.parse(readFileSync(file, 'utf8'))
const { version } = JSON.parse(
  readFileSync(new URL('node_modules/undici8/package.json', import.meta.url), 'utf8'),
)
const server = await startSecure((request, response) => {
  response.end(JSON.stringify([request.authority, request.url]))
})
const { port } = new URL(server.origin)
const connector = undici.buildConnector({ allowH2: true, preferH2: true, rejectUnauthorized: false })

/** `[host, authority, path]` as they arrive; null if anybody refuses it. */
async function sent(origin, path) {
  let dialled
  const connect = (options, done) => {
    dialled = options.hostname
    connector({ ...options, hostname: '127.0.0.1', host: `127.0.0.1:${port}`, port }, done)
  }
  const agent = new undici.Agent({ connect, allowH2: true })
  try {
    const text = await answerTo(agent, { origin, path, method: 'GET' })
    return [dialled, ...JSON.parse(text)]
  } catch {
    return null
  } finally {
    await agent.destroy()
  }

  function answerTo(dispatcher, options) {
    return new Promise((resolve, reject) => {
      let text = ''
      dispatcher.dispatch(options, {
        onRequestStart() {},
        onResponseStart() {},
        onResponseData(_controller, chunk) {
          text += chunk
        },
        onResponseEnd: () => resolve(text),
        onResponseError: (_controller, error) => reject(error),
      })
    })
  }
}

async function each(inputs, send) {
  const found = []
  for (const input of inputs) found.push(await send(input))
  return found
}

const live = {
  hosts: await each(hosts, (host) => sent(`https://${host}`, '/')),
  paths: await each(paths, (path) => sent('https://good.test', path)),
}
await server.close()
if (process.argv.includes('--write')) {
  writeFileSync(file, `${JSON.stringify({ hosts, paths, undici: live }, null, 2)}\n`)
} else {
  await run('undici, confusing targets', version, [
    ['origins', () => assert.deepEqual(live.hosts, recorded.hosts)],
    ['paths', () => assert.deepEqual(live.paths, recorded.paths)],
  ])
}
