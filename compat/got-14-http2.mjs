// runtimes: 20 22 24 26
// import: register/http2
import got from 'got14'
import { checkGotOverHttp2 } from './got-http2-checks.mjs'

await checkGotOverHttp2(got, 'got14', true)
