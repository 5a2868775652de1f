// runtimes: 22 24 26
// import: register/http2
import got from 'got16'
import { checkGotOverHttp2 } from './got-http2-checks.mjs'

await checkGotOverHttp2(got, 'got16', false)
