/** What there is too much of, how much of it there may be, and the setting that says so: what LSTM_ERR_OVERLOADED tells. */
export type Overload = [what: string, limit: number, setting: string]
