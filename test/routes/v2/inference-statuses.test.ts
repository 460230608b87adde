import { operations } from '../../api-document.ts'
import { testScenarios } from '../test-scenarios.ts'
import { v2InferenceScenarios } from './inference-scenarios.ts'

testScenarios(
  operations.filter(({ operation }) => operation.operationId in v2InferenceScenarios),
  v2InferenceScenarios
)
