export { decodeBase64, encodeBase64 } from './base64'
export { readNumbers } from './read'
export { writeNumbers } from './write'
export { FLOATS, FLOATS_BYTES, POWERS_OF_TEN, RESULT, SCALES, BINADES, FORMS, TEXT, TEXT_BYTES } from './regions'
