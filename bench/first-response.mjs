/** A process that imports packages and exits, or prints how many milliseconds a client took to a first response. */
const { packages, module, options, url, cert } = JSON.parse(process.argv.at(-1))

if (packages !== undefined) {
  for (const name of packages) await import(name)
} else {
  const { readFileSync } = await import('node:fs')
  const ca = readFileSync(cert, 'utf8')
  const began = performance.now()
  const { open } = await import(new URL(module, new URL('./clients/', import.meta.url)))
  const client = await open(url, { ca, ...options })
  const { status, body } = await client.get('/small')
  const took = performance.now() - began
  if (status !== 200 || body.length !== 100)
    throw new Error(`wrong response: ${status}, ${body.length} bytes`)
  process.stdout.write(String(took), () => process.exit(0))
}
