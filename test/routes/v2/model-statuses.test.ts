import { operations } from '../../api-document.ts'
import { testScenarios } from '../test-scenarios.ts'
import { v2ModelScenarios } from './model-scenarios.ts'

testScenarios(
  operations.filter(({ operation }) => operation.operationId in v2ModelScenarios),
  v2ModelScenarios
)
