import { type Activations, defaultActivations, type Peepholes } from '../lstm/model.ts'
import type { LayerOptions, LayerWeights } from './kernel.ts'

/** What a layer has beyond the plain cell, undefined where that is nothing. */
export function optionsOfLayer(weights: LayerWeights): LayerOptions | undefined {
  const { Wp, peepholes, activations, clip, input_forget } = weights
  const others = activations !== undefined && !areDefault(activations)
  if (!Wp && !peepholes && !others && clip === undefined && !input_forget) return undefined
  return {
    projection: Wp !== undefined,
    peepholes: peepholes !== undefined,
    ...(others ? { activations } : {}),
    ...(clip === undefined ? {} : { clip }),
    ...(input_forget ? { input_forget } : {})
  }
}

function areDefault(activations: Activations): boolean {
  return (['gate', 'candidate', 'output'] as const).every(
    (role) => activations[role].name === defaultActivations[role].name
  )
}

/** The way back: the weights of a plain cell with what `options` says that there is, of the arrays given. */
export function withOptions(
  plain: LayerWeights,
  { projection, peepholes, ...others }: LayerOptions,
  arrays: { readonly Wp: Float32Array | undefined; readonly peepholes: Peepholes }
): LayerWeights {
  return {
    ...plain,
    ...(projection && arrays.Wp && { Wp: arrays.Wp }),
    ...(peepholes && { peepholes: arrays.peepholes }),
    ...others
  }
}
