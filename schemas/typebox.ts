/**
 * The one door to typebox. It has some 700 files, which take half a second to load in every thread;
 * the build makes one file of what stands here (scripts/build.mjs).
 */
export { default as Type, type Static, type TObject, type TProperties, type TSchema } from 'typebox'
export { Compile } from 'typebox/compile'
