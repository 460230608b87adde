import { Type } from '../../../schemas/typebox.ts'
import { type ProblemStatus, problemResponses } from '../declarations.ts'

/** The errors of a route with scopes, in the form that the Open Inference Protocol has for them. */
export function inferenceErrors(...statuses: ProblemStatus[]): Record<number, object> {
  return Object.fromEntries(
    Object.entries(problemResponses(...statuses)).map(([status, response]) => [
      status,
      { ...response, content: { 'application/json': { schema: Type.Ref('InferenceError#') } } }
    ])
  )
}
