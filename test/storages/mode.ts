/** Switches of the test engine that a project turns on for the whole suite. */
export interface SuiteMode {
  /** Drop every run from memory after each activation, so that each step replays from the store. */
  readonly alwaysEvict?: boolean;
  /** Replay every activation a second time from scratch and compare. */
  readonly shadowReplay?: boolean;
}
