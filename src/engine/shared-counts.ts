import { Admission, type AdmissionLimits } from './admission.ts'
import { CostModel } from './cost-model.ts'
import { RunningValues } from './running-values.ts'

/** Memory that all threads of a pool count in. Each has a place of its own, known by its slot, and reads those of the others. */
export class SharedCounts {
  readonly runningValues: SharedArrayBuffer
  readonly admission: SharedArrayBuffer
  readonly costs = CostModel.createMemory()

  constructor(slots: number) {
    this.runningValues = RunningValues.createMemory(slots)
    this.admission = Admission.createMemory(slots)
  }

  /** The slots of the threads that take requests: the pool's own behind the workers', the guests' behind the background's. */
  static httpSlots(workers: number, guests: number): number[] {
    return [workers, ...Array.from({ length: guests }, (_, number) => workers + 2 + number)]
  }

  /** For the thread in this slot. @param maxRunningValues the limit of RunningValues */
  static admissionOf(
    { admission, runningValues }: Pick<SharedCounts, 'admission' | 'runningValues'>,
    slot: number,
    limits: AdmissionLimits,
    maxRunningValues: number
  ): Admission {
    return new Admission(limits, admission, slot, new RunningValues(runningValues, slot, maxRunningValues))
  }

  /** The thread in this slot has ended with all that it had. */
  forget(slot: number): void {
    RunningValues.forget(this.runningValues, slot)
    Admission.forget(this.admission, slot)
  }
}
