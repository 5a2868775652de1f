/**
 * Renews the columns `curl` and `go` of `test/client/pool/no-proxy.tsv`: what
 * both do with each value of `no_proxy` and each URL. Needs curl and go. Its
 * one rule: nothing is asked of a network but a proxy on loopback, which counts
 * who comes.
 */
import { execFile, execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const FILE = fileURLToPath(new URL('../test/client/pool/no-proxy.tsv', import.meta.url))
/** Seconds until curl gives up an address that is nobody's. */
const CURL_SECONDS = '0.5'

const GO_PROGRAM = `package main

import (
	"fmt"
	"net/http"
	"os"
)

func main() {
	request, err := http.NewRequest("GET", os.Args[1], nil)
	if err != nil {
		panic(err)
	}
	proxy, err := http.ProxyFromEnvironment(request)
	if err != nil {
		panic(err)
	}
	fmt.Print(proxy == nil)
}
`

/** True if curl goes to the URL without the proxy. */
function curlExcepts(noProxy, url) {
  return new Promise((resolve) => {
    let asked = false
    const proxy = net.createServer((socket) => {
      asked = true
      socket
        .on('error', () => {})
        .resume()
        .end('HTTP/1.1 503 No\r\n\r\n')
    })
    proxy.listen(0, '127.0.0.1', () => {
      const address = `http://127.0.0.1:${proxy.address().port}`
      const env = { PATH: process.env.PATH, http_proxy: address, https_proxy: address, no_proxy: noProxy }
      execFile('curl', ['-sq', '-o', '/dev/null', '-m', CURL_SECONDS, url], { env }, () => {
        proxy.close(() => resolve(!asked))
      })
    })
  })
}

/** The same of Go's `http.ProxyFromEnvironment`. */
function goExcepts(program, noProxy, url) {
  const address = 'http://127.0.0.1:1'
  const env = { PATH: process.env.PATH, http_proxy: address, https_proxy: address, no_proxy: noProxy }
  return execFileSync(program, [url], { env, encoding: 'utf8' }) === 'true'
}

function buildGo(folder) {
  const source = join(folder, 'main.go')
  const program = join(folder, 'excepts')
  writeFileSync(source, GO_PROGRAM)
  execFileSync('go', ['build', '-o', program, source], {
    env: { ...process.env, GOCACHE: join(folder, 'cache'), GOFLAGS: '-mod=mod', GO111MODULE: 'off' },
  })
  return program
}

const word = (excepted) => (excepted ? 'direct' : 'proxy')

async function main() {
  const folder = mkdtempSync(join(tmpdir(), 'no-proxy-'))
  try {
    const program = buildGo(folder)
    const [head, ...rows] = readFileSync(FILE, 'utf8').trimEnd().split('\n')
    const renewed = [head]
    for (const row of rows) {
      const [noProxy, url, , , here = '', why = ''] = row.split('\t')
      const curl = await curlExcepts(noProxy, url)
      const go = goExcepts(program, noProxy, url)
      renewed.push([noProxy, url, word(curl), word(go), here || word(curl || go), why].join('\t').trimEnd())
    }
    writeFileSync(FILE, `${renewed.join('\n')}\n`)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

await main()
