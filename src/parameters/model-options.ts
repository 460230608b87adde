import type { Model } from '../lstm/model.ts'
import type { DirectionOptions, ModelOptions } from './importers/options.ts'

/** The options of a model, as they are written. */
export function optionsOf({ layers, head }: Model): ModelOptions {
  return {
    layers: layers.map(({ forward, reverse }) => ({
      ...(forward === undefined ? {} : { forward: directionOptions(forward) }),
      ...(reverse === undefined ? {} : { reverse: directionOptions(reverse) })
    })),
    ...(head === undefined ? {} : { head: { activation: head.activation } })
  }
}

/** What a direction has besides arrays. */
export function directionOptions({ activations, clip, input_forget }: DirectionOptions): DirectionOptions {
  return {
    ...(activations === undefined ? {} : { activations }),
    ...(clip === undefined ? {} : { clip }),
    ...(input_forget === undefined ? {} : { input_forget })
  }
}
