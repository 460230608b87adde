export { readNumbers } from './read'
export { writeNumbers } from './write'
export { FLOATS, POWERS_OF_TEN, RESULT, SCALES, BINADES, FORMS, TEXT, TEXT_BYTES } from './regions'
