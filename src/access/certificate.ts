import { readFileSync } from 'node:fs'
import type { Config } from '../config.ts'

export interface Certificate {
  readonly cert: Buffer
  readonly key: Buffer
}

/**
 * The certificate of the settings, if they name one.
 * @throws Error in words for a person
 */
export function readCertificate({ tlsCertFile, tlsKeyFile }: Config): Certificate | undefined {
  if (tlsCertFile === '' && tlsKeyFile === '') return undefined
  if (tlsCertFile === '' || tlsKeyFile === '') {
    throw new Error('LSTM_TLS_CERT_FILE and LSTM_TLS_KEY_FILE are both needed for TLS; one of them is not set')
  }
  return { cert: readFileSync(tlsCertFile), key: readFileSync(tlsKeyFile) }
}
