// Loaded before a test of Node's own: its `http2.connect` is this project's.
const { join } = require('node:path')

require('node:http2').connect = require(join(__dirname, '../../dist/adapters/http2.js')).connect
