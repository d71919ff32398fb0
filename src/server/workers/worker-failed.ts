/** A worker ended before it listened. What it failed with is in its own output. */
export class WorkerFailed extends Error {
  override readonly name = 'WorkerFailed';
  /** Its exit code; undefined if a signal ended it. */
  readonly exitCode: number | undefined;

  constructor(exitCode: number | undefined) {
    super('a worker could not start; its own output says why');
    this.exitCode = exitCode;
  }
}
