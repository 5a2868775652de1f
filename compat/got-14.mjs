// runtimes: 20 22 24 26
import got from 'got14'
import { checkGot } from './got-checks.mjs'

await checkGot(got, 'got14')
