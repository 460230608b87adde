import type { Server } from 'node:https'
import fastifyPlugin from 'fastify-plugin'
import { readCertificate } from '../access/certificate.ts'
import { onChange } from '../access/watched-file.ts'
import type { Config } from '../config.ts'

/** Takes a renewed certificate up when its files change; connections that are open keep the old one. */
export const tlsRenewal = fastifyPlugin(
  async (app, config: Config) => {
    if (config.tlsCertFile === '') return
    const renew = () => {
      try {
        // while only one of the two files is new they do not fit each other, and the old pair stays
        ;(app.server as unknown as Server).setSecureContext(readCertificate(config)!)
        app.log.info('TLS certificate read again')
      } catch (error) {
        app.log.error({ reason: (error as Error).message }, 'TLS certificate not read again: the one before stays')
      }
    }
    const ends = [onChange(config.tlsCertFile, renew), onChange(config.tlsKeyFile, renew)]
    app.addHook('onClose', async () => {
      for (const end of ends) end()
    })
  },
  { name: 'tls-renewal' }
)
