import { request as overHttp } from 'node:http'
import { request as overTls } from 'node:https'
import { loadConfig } from './config.ts'

/** A program for the image's HEALTHCHECK: ends with 0 when the service of this container is ready, with 1 when not. */

const { port, tlsCertFile } = loadConfig(process.env, [])
const request = tlsCertFile === '' ? overHttp : overTls
// the certificate is for the name that clients use, and this is the same machine
const options = { host: '127.0.0.1', port, path: '/health/ready', timeout: 2500, rejectUnauthorized: false }
const asked = request(options, ({ statusCode }) => process.exit(statusCode === 200 ? 0 : 1))
asked.on('timeout', () => process.exit(1))
asked.on('error', () => process.exit(1))
asked.end()
